-- The sweeper's look at one account that is due: takes it out of busy, or sets when to look next. What is to be pushed stays due until a
-- second call, after the push, settles it: a core that dies in between leaves it to the next sweep.
-- KEYS: mailbox, busy, tries, bindings, accounts
-- ARGV: now (Unix ms), account's handle, look again after (ms), page size, '' or, to settle, the active binding's line as the look returned it
-- Returns {'empty'}; {'orphaned', members ...} without an account; {'expired', members ...}; {'wait'};
--   or {'push', after, upto, more, active binding's line, then member, sequence, tries, failed before ...}
-- include: bindings.lua
-- include: members.lua
local now = tonumber(ARGV[1])
local members = redis.call('ZRANGE', KEYS[1], '0', '-1')
if #members == 0 then
  redis.call('ZREM', KEYS[2], ARGV[2])
  return { 'empty' }
end
if redis.call('HEXISTS', KEYS[5], ARGV[2]) == 0 then
  table.insert(members, 1, 'orphaned')
  return members
end

local failed, expired, nextLook, due = failedTries(KEYS[3]), { 'expired' }, nil, false
for i = 1, #members do
  local member = members[i]
  local expires = unixMs(member, 1)
  if expires <= now then
    expired[#expired + 1] = member
  else
    if not nextLook or expires < nextLook then nextLook = expires end
    local _, at = triesOf(failed[member])
    if at > now then
      if at < nextLook then nextLook = at end
    elseif at > 0 then
      due = true
    end
  end
end
if #expired > 1 then return expired end   -- still due in busy: looked at again once these are ended

local active, settles = readBindings(KEYS[4], now)[1], ARGV[5] ~= ''
if settles and (not active or bindingLine(active) ~= ARGV[5]) then return { 'wait' } end   -- another device's turn by now
if not active then
  -- Only expiry can happen to it until somebody registers.
  nextLook = nil
  for i = 1, #members do
    local expires = unixMs(members[i], 1)
    if not nextLook or expires < nextLook then nextLook = expires end
  end
elseif due and not settles then
  local reply = { 'push', '0', '0', '0', bindingLine(active) }
  appendPage(reply, KEYS[1], failed, '0', tonumber(ARGV[4]), now)
  return reply
elseif due and now + tonumber(ARGV[3]) < nextLook then
  nextLook = now + tonumber(ARGV[3])
end
redis.call('ZREM', KEYS[2], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
redis.call('ZADD', KEYS[2], string.format('%d', nextLook), ARGV[2])
return { 'wait' }
