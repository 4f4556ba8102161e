-- Tells a sender that a message ended: appends to the list that its status streams read, if it has one. Telling twice changes nothing.
-- KEYS: ledger entry, told, sequence
-- ARGV: state digit, ended (8), now (Unix ms), most changes kept
-- Returns {'1' if appended else '0', '1' if this state is the one told last else '0', message id, receipts asked for or '', accepted (8)}; nothing without a ledger entry
-- include: sequences.lua
local function rank(state)
  if state == '0' then return 0 end
  if state == '1' then return 2 end
  return 1
end

local entry = redis.call('GET', KEYS[1])
if not entry or #entry < 48 then return false end
local told, appended = string.sub(entry, 32, 32), '0'
if rank(ARGV[1]) > rank(told) then
  redis.call('ZREM', KEYS[2], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
  redis.call('SETRANGE', KEYS[1], '31', ARGV[1])
  told = ARGV[1]
  if redis.call('EXISTS', KEYS[2]) == 1 then
    redis.call('ZADD', KEYS[2], string.format('%d', takeSequences(KEYS[3], tonumber(ARGV[3]), 1)), ARGV[1] .. string.sub(entry, 33, 48) .. ARGV[2])
    appended = '1'
    -- 'f' comes first and marks the highest sequence that was cut off.
    local over = redis.call('ZCARD', KEYS[2]) - 1 - tonumber(ARGV[4])
    if over > 0 then
      local cut = redis.call('ZRANGE', KEYS[2], '1', string.format('%d', over), 'WITHSCORES')
      for i = 1, #cut, 2 do redis.call('ZREM', KEYS[2], cut[i]) end
      redis.call('ZADD', KEYS[2], cut[#cut], 'f')
    end
  end
end
return { appended, told == ARGV[1] and '1' or '0', string.sub(entry, 33, 48), string.sub(entry, 49), string.sub(entry, 24, 31) }
