-- Ends many messages of one mailbox alike, from their members alone: expiry, or a deleted account.
-- KEYS: mailbox, tries, totell, busy, then one record for each member
-- ARGV: state digit, now (8 bytes), outcome's lifetime (ms), tell by (ms), then the members
-- Returns how many were still waiting, then what is to be told
-- include: telling.lua
local reply = { 0 }
for i = 5, #ARGV do
  local member, record = ARGV[i], KEYS[i]
  if redis.call('ZREM', KEYS[1], member) == 1 then
    redis.call('HDEL', KEYS[2], member)
    redis.call('SET', record, 'O' .. ARGV[1] .. string.sub(member, 1, 16) .. ARGV[2] .. string.sub(member, 35, 35), 'PX', ARGV[3])
    reply[1] = reply[1] + 1
    if isTold(member) then
      local entry = ARGV[1] .. string.sub(member, 17, 34) .. string.sub(member, 36) .. ARGV[2]
      noteTelling(KEYS[3], KEYS[4], entry, ARGV[4])
      reply[#reply + 1] = entry
    end
  end
end
return reply
