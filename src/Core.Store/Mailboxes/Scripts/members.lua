-- Part of other scripts. Reads mailbox members (layout: MailboxMember.cs) and the tries hash.
local function unixMs(bytes, from)
  local a, b, c, d, e, f, g, h = string.byte(bytes, from, from + 7)
  return ((((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 256 + g) * 256 + h
end

local function triesOf(value)
  local count, due = string.match(value or '', '^(%d+):(%d+)$')
  if not count then return 0, 1 end
  return tonumber(count), tonumber(due)
end

local function failedTries(key)
  local all, failed = redis.call('HGETALL', key), {}
  for i = 1, #all, 2 do failed[all[i]] = all[i + 1] end
  return failed
end

-- Forgets the tries, but not that there were some: such a message is sent again on a flow that has already been past it.
local function forgetTries(key, failed)
  for member, value in pairs(failed) do
    if value ~= '0:1' then
      redis.call('HSET', key, member, '0:1')
      failed[member] = '0:1'
    end
  end
end

-- Appends what waits after a sequence and is due: member, sequence, tries so far, 1 if it has failed before; at most limit of them.
-- Slots 2 to 4 of the reply say where it began, how far it looked, and whether more waits.
local function appendPage(reply, mailbox, failed, after, limit, now)
  local taken, upto, from = 0, after, '(' .. after
  reply[2], reply[3], reply[4] = after, after, '0'
  while true do
    local rows = redis.call('ZRANGEBYSCORE', mailbox, from, '+inf', 'WITHSCORES', 'LIMIT', '0', string.format('%d', limit + 1))
    for i = 1, #rows, 2 do
      if taken == limit then
        reply[3], reply[4] = upto, '1'
        return
      end
      local value = failed[rows[i]]
      local count, due = triesOf(value)
      if due > 0 and due <= now and unixMs(rows[i], 1) > now then
        reply[#reply + 1] = rows[i]
        reply[#reply + 1] = rows[i + 1]
        reply[#reply + 1] = string.format('%d', count)
        reply[#reply + 1] = value and '1' or '0'
        taken = taken + 1
      end
      upto = rows[i + 1]
    end
    if #rows < 2 * (limit + 1) then break end
    from = '(' .. rows[#rows]
  end
  reply[3], reply[4] = upto, '0'
end
