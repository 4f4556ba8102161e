-- Makes a binding the newest, and reads the first page of what waits.
-- KEYS: bindings, mailbox, tries, busy, accounts; to note it: session events
-- ARGV: expires (Unix ms), epoch, flow, edge, device, page after, 1 = forget tries (a client's REGISTER), page size, account's handle, look again after (ms);
--   to note it: the event, sealed, most events, their lifetime (ms)
-- Returns {'1', after, upto, more, then member, sequence, tries, failed before ...}; {'0'} if a newer start of the edge, or for a snapshot
--   a newer connection, stands against it; {'2'} without an account
-- include: moment.lua
-- include: bindings.lua
-- include: members.lua
if tonumber(ARGV[1]) <= now then return { '1', ARGV[6], ARGV[6], '0' } end   -- ran out on its way
if redis.call('HEXISTS', KEYS[5], ARGV[9]) == 0 then return { '2' } end

local byClient = ARGV[7] == '1'
local fresh = { expires = ARGV[1], epoch = ARGV[2], flow = ARGV[3], spent = '0', edge = ARGV[4], device = ARGV[5] }
local kept, place, isKnown = {}, nil, false
for _, b in ipairs(readBindings(KEYS[1], now)) do
  if b.edge == fresh.edge and tonumber(b.epoch) > tonumber(fresh.epoch) then return { '0' } end   -- an earlier start of that edge speaks
  if sameFlow(b, fresh.epoch, fresh.flow, fresh.edge) then
    if not byClient then fresh.spent = b.spent end
    place, isKnown = #kept + 1, true
  elseif b.edge == fresh.edge and tonumber(b.epoch) < tonumber(fresh.epoch) then
    -- gone with the edge's earlier start
  elseif b.device == fresh.device then
    if not byClient then return { '0' } end   -- a snapshot knows nothing newer than the device's own REGISTER elsewhere
  else
    kept[#kept + 1] = b
  end
end
redis.call('ZREM', KEYS[4], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
-- What a snapshot or a renewal repeats keeps its place, and what is no longer listed comes last: neither is anything the client did.
if byClient then place = 1 elseif not place then place = #kept + 1 end
table.insert(kept, place, fresh)
while #kept > 5 do table.remove(kept) end
writeBindings(KEYS[1], kept, now)
if #KEYS > 5 then
  redis.call('RPUSH', KEYS[6], (isKnown and 'R' or 'C') .. ARGV[11])   -- C: the connection is new too
  redis.call('LTRIM', KEYS[6], '-' .. ARGV[12], '-1')
  redis.call('PEXPIRE', KEYS[6], ARGV[13])
end

local reply, after, failed = { '1' }, ARGV[6], failedTries(KEYS[3])
if byClient then
  -- What had failed before is tried again: the page begins in front of the oldest of it, wherever the flow has been.
  for member in pairs(failed) do
    local sequence = redis.call('ZSCORE', KEYS[2], member)
    if not sequence then
      redis.call('HDEL', KEYS[3], member)   -- left behind: see end.lua
      failed[member] = nil
    elseif tonumber(sequence) <= tonumber(after) then
      after = string.format('%d', tonumber(sequence) - 1)
    end
  end
  forgetTries(KEYS[3], failed)
end

if kept[1] == fresh then
  appendPage(reply, KEYS[2], failed, after, tonumber(ARGV[8]), now)
else
  reply = { '1', ARGV[6], ARGV[6], '0' }
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('ZADD', KEYS[4], 'LT', string.format('%d', now + tonumber(ARGV[10])), ARGV[9])
end
return reply
