-- Stores a message in its recipient's mailbox: two writes (SET, ZADD) and its part of a call's sequences (SET), one more once in 33 s (busy). Claims its id first,
-- one more, where it is not claimed by a call of its own: sender's and recipient's keys lie together unless Redis is a cluster.
-- KEYS: record, mailbox; to claim: ledger entry. Under their hash tags also sequence, busy, bindings and accounts, and told
-- ARGV: now (see moment.lua), record; to claim: claim
-- Returns '0' and header or outcome if it was there; '1', sequence, SPACE, tail before (0 without a binding), SPACE, active binding's line; '2' expired; '3' no account; '4' full;
--   '5' and the claim if it was claimed before; '6' if its sender is to be told and the record does not say so. Nothing is stored but with '1' (with '0' a claim, if it was gone).
-- include: ahead.lua
-- include: moment.lua
-- include: members.lua
-- include: bindings.lua
-- include: sequences.lua
local claims, now, record = #KEYS > 2, momentOf(ARGV[1]), ARGV[2]
local expires, flags = unixMs(record, 38), string.byte(record, 72)   -- as they stand in the member's head: MessageEnvelope.cs

-- Whatever speaks against it: what was said of this id before comes first. Looked at last, as it is seldom needed.
local function refuse(answer)
  local claim = claims and redis.call('GET', KEYS[3])
  if claim then return '5' .. claim end
  local known = redis.call('GETRANGE', KEYS[1], '0', '71')
  if known ~= '' then return '0' .. known end
  return answer
end

-- The active binding's line; nil without one. Nearly always it is the first one, and the others are not looked at.
local function activeLine(handle)
  local text = aheadLine[question]
  if text == nil then text = redis.call('GET', sibling(KEYS[2], 'n', handle)) end
  if not text then return nil end
  local tab, lf = string.find(text, '\t', 1, true), string.find(text, '\n', 1, true)   -- a pattern would cost ten times as much
  if tab and lf and tonumber(string.sub(text, 1, tab - 1)) > now then return string.sub(text, 1, lf) end
  local active = readBindings(sibling(KEYS[2], 'n', handle), now)[1]
  return active and bindingLine(active)
end

if claims and flags % 2 == 0 and not isSeldomMissing() then return refuse('6') end
if expires <= now then return refuse('2') end

local tag, handle = string.sub(KEYS[2], 1, -18), string.sub(KEYS[2], -16)
local active = activeLine(handle)
if not active and redis.call('HEXISTS', tag .. 'a', handle) == 0 then return refuse('3') end   -- only an account has bindings

local queued = aheadMissing[KEYS[2]] and 0 or redis.call('ZCARD', KEYS[2])
if queued >= (flags >= 2 and mostReceipts or mostOfSender) then
  -- Counting costs a look at every member: only when there are enough that it could matter. Receipts have a quota of their own.
  local members = redis.call('ZRANGE', KEYS[2], '0', '-1')
  local sender, all, own = string.sub(record, 54, 71), 0, 0
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

local claim = claims and redis.call('SET', KEYS[3], ARGV[3], 'NX', 'GET', 'PX', outcomeLifetime)
if claim then return '5' .. claim end
local known = redis.call('SET', KEYS[1], record, 'NX', 'GET', 'PX', recordLifetime(expires))
if known then return '0' .. string.sub(known, 1, 72) end

local tail = '0'
if active and queued > 0 then tail = redis.call('ZRANGE', KEYS[2], '-1', '-1', 'WITHSCORES')[2] end   -- for who pushes it
local sequence = nextMessageSequence(now)
redis.call('ZADD', KEYS[2], sequence, string.sub(record, 38, 72) .. string.sub(KEYS[1], -16))
aheadMissing[KEYS[2]] = nil
redis.call('ZADD', tag .. 'b', 'LT', active and lookAgainBefore(expires) or string.format('%d', expires), handle)
return '1' .. sequence .. ' ' .. tail .. ' ' .. (active or '')
