-- The sweeper's look at what a core ended but perhaps did not live to tell.
-- KEYS: totell, busy
-- ARGV: look again at (ms), most
-- Returns what is to be told
local entries = redis.call('SRANDMEMBER', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], 'tell')
if #entries > 0 then redis.call('ZADD', KEYS[2], ARGV[1], 'tell') end
return entries
