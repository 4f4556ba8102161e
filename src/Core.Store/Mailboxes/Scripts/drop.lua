-- Ends many messages of one mailbox, from their members alone: expiry, or a deleted account. What is past its time has expired in either case.
-- KEYS: mailbox, tries, totell, busy, then one record for each member
-- ARGV: state digit, now (Unix ms), now (8 bytes), outcome's lifetime (ms), tell by (ms), then the members
-- Returns how many were still waiting, then what is to be told
-- include: members.lua
-- include: telling.lua
local reply = { 0 }
for i = 6, #ARGV do
  local member, record, state = ARGV[i], KEYS[i - 1], ARGV[1]
  if unixMs(member, 1) <= tonumber(ARGV[2]) then state = '2' end
  if redis.call('ZREM', KEYS[1], member) == 1 then
    redis.call('HDEL', KEYS[2], member)
    redis.call('SET', record, 'O' .. state .. string.sub(member, 1, 16) .. ARGV[3] .. string.sub(member, 35, 35) .. '\0\0\0', 'PX', ARGV[4])
    reply[1] = reply[1] + 1
    if isTold(member) then
      local entry = state .. string.sub(member, 17, 34) .. string.sub(member, 36) .. ARGV[3]
      noteTelling(KEYS[3], KEYS[4], entry, ARGV[5])
      reply[#reply + 1] = entry
    end
  end
end
return reply
