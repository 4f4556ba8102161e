-- Asks the other cores to look at an account whose edge this one does not reach.
-- KEYS: asked
-- ARGV: account's partition and handle (18), asked until (Unix ms), forgotten below (Unix ms)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])   -- a freeing command first: then Redis lets the rest pass even when its memory is full
return redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
