-- Stores a message in its recipient's mailbox: three writes (SET, SET, ZADD), a fourth once in 33 s (busy). Claims its id first, one more, where it is not
-- claimed by a call of its own: sender's and recipient's keys lie together unless Redis is a cluster.
-- KEYS: record, mailbox, sequence, busy, bindings, accounts; to claim: ledger entry, told
-- ARGV: now, expires (Unix ms), recipient's handle, member, record, record's lifetime (ms), most queued, most of one sender, when to look again with a binding (Unix ms);
--   to claim: claim, its lifetime (ms)
-- Returns {'0', header or outcome} if it was there; {'1', sequence, tail before, active binding's line}; {'2'} expired; {'3'} no account; {'4'} full;
--   {'5', claim} if it was claimed before; {'6'} if its sender is to be told and the member does not say so. Nothing is stored but with '1' (with '0' a claim, if it was gone).
-- include: bindings.lua
-- include: sequences.lua
local claims, now = #KEYS > 6, tonumber(ARGV[1])

-- Whatever speaks against it: what was said of this id before comes first. Looked at last, as it is seldom needed.
local function refuse(answer)
  local claim = claims and redis.call('GET', KEYS[7])
  if claim then return { '5', claim } end
  local known = redis.call('GETRANGE', KEYS[1], '0', '71')
  if known ~= '' then return { '0', known } end
  return answer
end

if claims and string.byte(ARGV[4], 35) % 2 == 0 and redis.call('EXISTS', KEYS[8]) == 1 then return refuse({ '6' }) end
if tonumber(ARGV[2]) <= now then return refuse({ '2' }) end

local active = activeLine(KEYS[5], now)
if not active and redis.call('HEXISTS', KEYS[6], ARGV[3]) == 0 then return refuse({ '3' }) end   -- only an account has bindings

local queued, isReceipt = redis.call('ZCARD', KEYS[2]), string.byte(ARGV[4], 35) >= 2
if queued >= tonumber(ARGV[8]) then
  -- Counting costs a look at every member: only when there are enough that it could matter. Receipts have a quota of their own.
  local members = redis.call('ZRANGE', KEYS[2], '0', '-1')
  local sender, all, own = string.sub(ARGV[4], 17, 34), 0, 0
  for i = 1, #members do
    if (string.byte(members[i], 35) >= 2) == isReceipt then
      all = all + 1
      if string.sub(members[i], 17, 34) == sender then own = own + 1 end
    end
  end
  if all >= tonumber(ARGV[7]) or own >= tonumber(ARGV[8]) then return refuse({ '4' }) end
end

local claim = claims and redis.call('SET', KEYS[7], ARGV[10], 'NX', 'GET', 'PX', ARGV[11])
if claim then return { '5', claim } end
local known = redis.call('SET', KEYS[1], ARGV[5], 'NX', 'GET', 'PX', ARGV[6])
if known then return { '0', string.sub(known, 1, 72) } end

local tail = '0'
if queued > 0 then tail = redis.call('ZRANGE', KEYS[2], '-1', '-1', 'WITHSCORES')[2] end
local sequence = nextSequence(KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[2], sequence, ARGV[4])
redis.call('ZADD', KEYS[4], 'LT', active and ARGV[9] or ARGV[2], ARGV[3])
return { '1', sequence, tail, active or '' }
