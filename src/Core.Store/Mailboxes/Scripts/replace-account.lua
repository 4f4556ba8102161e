-- Writes an account only if nobody else has since it was read.
-- KEYS: accounts
-- ARGV: account's handle, value read, value to write
-- Returns 1 if written
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
