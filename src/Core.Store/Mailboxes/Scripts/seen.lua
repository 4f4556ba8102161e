-- Some core has a link to an edge just now.
-- KEYS: alive, epochs
-- ARGV: lifetimes of both (ms)
redis.call('DEL', KEYS[1])   -- a freeing command first: then Redis lets the rest pass even when its memory is full
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
