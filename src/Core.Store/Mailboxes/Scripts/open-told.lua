-- From now on a sender's changes are kept.
-- KEYS: told, sequence
-- ARGV: now (Unix ms), lifetime (ms)
-- Returns the position now
local tail = redis.call('ZRANGE', KEYS[1], '-1', '-1', 'WITHSCORES')[2]
if not tail then
  tail = redis.call('GET', KEYS[2])
  if not tail then tail = string.format('%.0f', tonumber(ARGV[1]) - 1) end
  redis.call('ZADD', KEYS[1], tail, 'f')
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return tail
