-- Counts a failed try. After the last one the next device gets its turn; without one the message waits for a registration.
-- KEYS: record, mailbox, tries, busy, bindings, failed tries
-- ARGV: message name, epoch, flow, edge, attempt, tries allowed, time between tries (ms), account's handle, lifetime of the counts (ms),
--   the try as operators are told of it, most of them, their lifetime (ms)
-- Returns 1 if it counted
-- include: moment.lua
-- include: bindings.lua
-- include: members.lua
local value = redis.call('GETRANGE', KEYS[1], '0', '71')
if value == '' or string.sub(value, 1, 1) == 'O' then return 0 end
local member = string.sub(value, 38, 72) .. ARGV[1]
if not redis.call('ZSCORE', KEYS[2], member) then return 0 end

local list = readBindings(KEYS[5], now)
if #list == 0 or not sameFlow(list[1], ARGV[2], ARGV[3], ARGV[4]) then return 0 end
local count = triesOf(redis.call('HGET', KEYS[3], member))
if tonumber(ARGV[5]) ~= count + 1 then return 0 end
count = count + 1
redis.call('ZREM', KEYS[4], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
redis.call('RPUSH', KEYS[6], ARGV[10])
redis.call('LTRIM', KEYS[6], '-' .. ARGV[11], '-1')
redis.call('PEXPIRE', KEYS[6], ARGV[12])

if count >= tonumber(ARGV[6]) then
  list[1].spent = '1'
  for i = 2, #list do
    if list[i].spent == '0' then
      local active, used = table.remove(list, i), table.remove(list, 1)
      list[#list + 1] = used   -- in two steps: the place is reckoned before what is on the right is done
      table.insert(list, 1, active)
      local failed = failedTries(KEYS[3])
      failed[member] = failed[member] or ''
      forgetTries(KEYS[3], failed)   -- another device starts with its own tries
      redis.call('PEXPIRE', KEYS[3], ARGV[9])
      writeBindings(KEYS[5], list, now)
      redis.call('ZADD', KEYS[4], 'LT', nowText, ARGV[8])
      return 1
    end
  end
  writeBindings(KEYS[5], list, now)
end

local due = '0'   -- wait for the next registration
if count < tonumber(ARGV[6]) then
  due = string.format('%d', now + tonumber(ARGV[7]))
  redis.call('ZADD', KEYS[4], 'LT', due, ARGV[8])
end
redis.call('HSET', KEYS[3], member, string.format('%d', count) .. ':' .. due)
redis.call('PEXPIRE', KEYS[3], ARGV[9])
return 1
