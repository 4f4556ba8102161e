-- Ends many messages of one mailbox alike, from their members alone: expiry, or a deleted account.
-- KEYS: mailbox, tries, then one record for each member
-- ARGV: state digit, now (8 bytes), outcome's lifetime (ms), then the members
-- Returns how many were still waiting
local ended = 0
for i = 4, #ARGV do
  local member = ARGV[i]
  if redis.call('ZREM', KEYS[1], member) == 1 then
    redis.call('HDEL', KEYS[2], member)
    redis.call('SET', KEYS[i - 1], 'O' .. ARGV[1] .. string.sub(member, 1, 16) .. ARGV[2], 'PX', ARGV[3])
    ended = ended + 1
  end
end
return ended
