-- From now on a sender's changes are kept. The counter goes up to the position: a core with an earlier clock must not number below it.
-- KEYS: told, sequence
-- ARGV: now (Unix ms), lifetime (ms)
-- Returns the position now
redis.call('ZREM', KEYS[1], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
local tail, last = redis.call('ZRANGE', KEYS[1], '-1', '-1', 'WITHSCORES')[2], redis.call('GET', KEYS[2])
if not tail then
  tail = last or string.format('%d', tonumber(ARGV[1]) * 1000)   -- of sequences.lua's next one, the one before
  redis.call('ZADD', KEYS[1], tail, 'f')
end
if not last or tonumber(last) < tonumber(tail) then redis.call('SET', KEYS[2], tail) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return tail
