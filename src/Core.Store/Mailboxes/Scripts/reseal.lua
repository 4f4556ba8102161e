-- Puts sealed bytes in the place of the same ones sealed with an older key, unless they have changed since they were read. Lengths are equal.
-- KEYS: record or ledger entry
-- ARGV: where they begin, their first bytes as read (key and salt), the new bytes
-- Returns 1 if written
local from = tonumber(ARGV[1])
if redis.call('GETRANGE', KEYS[1], from, from + string.len(ARGV[2]) - 1) ~= ARGV[2] then return 0 end
redis.call('SETRANGE', KEYS[1], from, ARGV[3])
return 1
