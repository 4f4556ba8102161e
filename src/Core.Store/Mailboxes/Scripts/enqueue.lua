-- Stores a message in its recipient's mailbox: three writes (SET, SET, ZADD), a fourth once in 33 s (busy). Claims its id first, one more, where it is not
-- claimed by a call of its own: sender's and recipient's keys lie together unless Redis is a cluster.
-- KEYS: record, mailbox, sequence, busy, bindings, accounts; to claim: ledger entry, told
-- ARGV: now (Unix ms), settings (see moment.lua), record, its lifetime (ms); to claim: claim, its lifetime (ms)
-- Returns '0' and header or outcome if it was there; '1', sequence, SPACE, tail before, SPACE, active binding's line; '2' expired; '3' no account; '4' full;
--   '5' and the claim if it was claimed before; '6' if its sender is to be told and the record does not say so. Nothing is stored but with '1' (with '0' a claim, if it was gone).
-- include: ahead.lua
-- include: moment.lua
-- include: members.lua
-- include: bindings.lua
-- include: sequences.lua
local claims, now, record = #KEYS > 6, momentOf(ARGV[1]), ARGV[3]
local expires, flags = unixMs(record, 38), string.byte(record, 72)   -- as they stand in the member's head: MessageEnvelope.cs
takeSettings(ARGV[2])

-- Whatever speaks against it: what was said of this id before comes first. Looked at last, as it is seldom needed.
local function refuse(answer)
  local claim = claims and redis.call('GET', KEYS[7])
  if claim then return '5' .. claim end
  local known = redis.call('GETRANGE', KEYS[1], '0', '71')
  if known ~= '' then return '0' .. known end
  return answer
end

-- The active binding's line; nil without one. Nearly always it is the first one, and the others are not looked at.
local function activeLine(key)
  local text = ahead[key]
  if text == nil then text = redis.call('GET', key) end
  if not text then return nil end
  local tab, lf = string.find(text, '\t', 1, true), string.find(text, '\n', 1, true)   -- a pattern would cost ten times as much
  if tab and lf and tonumber(string.sub(text, 1, tab - 1)) > now then return string.sub(text, 1, lf) end
  local active = readBindings(key, now)[1]
  return active and bindingLine(active)
end

if claims and flags % 2 == 0 and not isGone(KEYS[8]) then return refuse('6') end
if expires <= now then return refuse('2') end

local handle, active = string.sub(KEYS[2], -16), activeLine(KEYS[5])
if not active and redis.call('HEXISTS', KEYS[6], handle) == 0 then return refuse('3') end   -- only an account has bindings

local queued = redis.call('ZCARD', KEYS[2])
if queued >= mostOfSender then
  -- Counting costs a look at every member: only when there are enough that it could matter. Receipts have a quota of their own.
  local members = redis.call('ZRANGE', KEYS[2], '0', '-1')
  local sender, all, own = string.sub(record, 54, 71), 0, 0
  for i = 1, #members do
    if (string.byte(members[i], 35) >= 2) == (flags >= 2) then
      all = all + 1
      if string.sub(members[i], 17, 34) == sender then own = own + 1 end
    end
  end
  if all >= mostQueued or own >= mostOfSender then return refuse('4') end
end

local claim = claims and redis.call('SET', KEYS[7], ARGV[5], 'NX', 'GET', 'PX', ARGV[6])
if claim then return '5' .. claim end
local known = redis.call('SET', KEYS[1], record, 'NX', 'GET', 'PX', ARGV[4])
if known then return '0' .. string.sub(known, 1, 72) end

local tail = '0'
if queued > 0 then tail = redis.call('ZRANGE', KEYS[2], '-1', '-1', 'WITHSCORES')[2] end
local sequence = nextSequence(KEYS[3], ARGV[1], now)
redis.call('ZADD', KEYS[2], sequence, string.sub(record, 38, 72) .. string.sub(KEYS[1], -16))
redis.call('ZADD', KEYS[4], 'LT', active and lookAgainBefore(expires) or string.format('%.0f', expires), handle)
return '1' .. sequence .. ' ' .. tail .. ' ' .. (active or '')
