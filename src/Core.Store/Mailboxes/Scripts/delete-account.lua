-- Deletes an account with its bindings and what it was told; what waits is ended next, by the caller, or by the sweeper if the caller dies.
-- KEYS: accounts, bindings, tries, mailbox, busy, told, session events
-- ARGV: account's handle
-- Returns how many accounts were deleted (0 or 1), the bindings ended (see bindings.lua), then the members of the mailbox
local reply = { redis.call('HDEL', KEYS[1], ARGV[1]), redis.call('GET', KEYS[2]) or '' }
redis.call('DEL', KEYS[2])
redis.call('DEL', KEYS[3])
redis.call('DEL', KEYS[6])
redis.call('DEL', KEYS[7])
local members = redis.call('ZRANGE', KEYS[4], '0', '-1')
if #members > 0 then redis.call('ZADD', KEYS[5], '0', ARGV[1]) end
for i = 1, #members do reply[i + 2] = members[i] end
return reply
