-- A core's sign of life: forgets cores that have been silent, adds this one.
-- KEYS: cores
-- ARGV: core id, now (Unix ms), silent since (Unix ms)
-- Returns how many cores are alive
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])   -- a freeing command first: then Redis lets the rest pass even when its memory is full
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return redis.call('ZCARD', KEYS[1])
