-- Notes a record that could not be opened or found, for operators. What is full takes in only what it knows.
-- KEYS: poisoned
-- ARGV: member, now (Unix ms), what is older than this goes (Unix ms), most of them
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[4]) or redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
end
return 1
