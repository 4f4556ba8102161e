-- Reads a sender's changes after a position.
-- KEYS: told
-- ARGV: position, most
-- Returns {position below which changes were cut off, then change, sequence ...}; nothing without a list
local floor = redis.call('ZSCORE', KEYS[1], 'f')
if not floor then return false end
local reply = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', '0', ARGV[2])
table.insert(reply, 1, floor)
return reply
