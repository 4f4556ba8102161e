-- Stores a message in its recipient's mailbox: two writes (SET, ZADD) and its part of a call's sequences (SET), one more once in 33 s (busy). Claims its id first,
-- one more, where it is not claimed by a call of its own: sender's and recipient's keys lie together unless Redis is a cluster.
-- KEYS: record, mailbox, bindings; to claim: ledger entry, told. Under the hash tag of the first three also busy and accounts
-- ARGV: record, member; to claim: claim
-- Returns '0' and header or outcome if it was there; '1', sequence, SPACE, tail before (0 without a binding), SPACE, bindings from the active one on;
--   '2' expired; '3' no account; '4' full;
--   '5' and the claim if it was claimed before; '6' if its sender is to be told and the record does not say so. Nothing is stored but with '1' (with '0' a claim, if it was gone).
-- include: ahead.lua
-- include: moment.lua
-- include: members.lua
-- include: bindings.lua
-- include: sequences.lua
local claims, member = #KEYS > 3, ARGV[2]
local expires, flags = unixMs(member, 1), string.byte(member, 35)

-- Whatever speaks against it: what was said of this id before comes first. Looked at last, as it is seldom needed.
local function refuse(answer)
  local claim = claims and redis.call('GET', KEYS[4])
  if claim then return '5' .. claim end
  local known = redis.call('GETRANGE', KEYS[1], '0', '71')
  if known ~= '' then return '0' .. known end
  return answer
end

-- The bindings with the active one first; nil without one. Nearly always it is the first one as they stand, and the others are not looked at.
local function activeFirst()
  local lines = aheadBindings[KEYS[3]]
  if lines == nil then lines = redis.call('GET', KEYS[3]) end
  if not lines then return nil end
  local tab = string.find(lines, '\t', 1, true)   -- a pattern would cost ten times as much
  if tab and tonumber(string.sub(lines, 1, tab - 1)) > now then return lines end
  local active = readBindings(KEYS[3], now)[1]
  return active and bindingLine(active)
end

if claims and flags % 2 == 0 and not isMissing(KEYS[5]) then return refuse('6') end
if expires <= now then return refuse('2') end

local tag, handle = string.sub(KEYS[2], 1, -18), string.sub(KEYS[2], -16)
local active = activeFirst()
if not active and redis.call('HEXISTS', tag .. 'a', handle) == 0 then return refuse('3') end   -- only an account has bindings

local queued = aheadMissing[KEYS[2]] and 0 or redis.call('ZCARD', KEYS[2])
if queued >= (flags >= 2 and mostReceipts or mostOfSender) then
  -- Counting costs a look at every member: only when there are enough that it could matter. Receipts have a quota of their own.
  local members = redis.call('ZRANGE', KEYS[2], '0', '-1')
  local sender, all, own = string.sub(member, 17, 34), 0, 0
  for i = 1, #members do
    if (string.byte(members[i], 35) >= 2) == (flags >= 2) then
      all = all + 1
      if string.sub(members[i], 17, 34) == sender then own = own + 1 end
    end
  end
  if flags >= 2 then
    if all >= mostReceipts then return refuse('4') end
  elseif all >= mostQueued or own >= mostOfSender then
    return refuse('4')
  end
end

local claim = claims and redis.call('SET', KEYS[4], ARGV[3], 'NX', 'GET', 'PX', outcomeLifetime)
if claim then return '5' .. claim end
local known = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'GET', 'PX', recordLifetime(expires))
if known then return '0' .. string.sub(known, 1, 72) end

local tail = '0'
if active and queued > 0 then tail = redis.call('ZRANGE', KEYS[2], '-1', '-1', 'WITHSCORES')[2] end   -- for who pushes it
local sequence = nextMessageSequence(now)
redis.call('ZADD', KEYS[2], sequence, member)
aheadMissing[KEYS[2]] = nil   -- there is one now, for the next message
redis.call('ZADD', tag .. 'b', 'LT', active and lookAgainBefore(expires) or string.format('%d', expires), handle)
return '1' .. sequence .. ' ' .. tail .. ' ' .. (active or '')
