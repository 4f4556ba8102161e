-- What waits for an account that does not exist: left over when the core that deleted it died.
-- KEYS: accounts, mailbox
-- ARGV: account's handle
-- Returns the members of the mailbox; none if there is such an account
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return {} end
return redis.call('ZRANGE', KEYS[2], '0', '-1')
