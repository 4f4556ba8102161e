-- Writes an account only if nobody else has since it was read.
-- KEYS: accounts, bindings
-- ARGV: account's handle, value read, value to write, 1 = its password changed: its bindings end
-- Returns {'0'} if it was not written, else {'1', the bindings ended, one a line (see bindings.lua)}
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return { '0' } end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[4] ~= '1' then return { '1', '' } end
local ended = redis.call('GET', KEYS[2]) or ''
redis.call('DEL', KEYS[2])
return { '1', ended }
