-- Part of other scripts. Reads mailbox members (layout: MailboxMember.cs) and the tries hash.
local function unixMs(bytes, from)
  local n = 0
  for i = from, from + 7 do n = n * 256 + string.byte(bytes, i) end
  return n
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

-- Appends what waits after a sequence and is due: member, sequence, tries so far; at most limit of them.
-- Slots 2 and 3 of the reply say how far it looked, and whether more waits.
local function appendPage(reply, mailbox, failed, after, limit, now)
  local taken, upto, from = 0, after, '(' .. after
  while true do
    local rows = redis.call('ZRANGEBYSCORE', mailbox, from, '+inf', 'WITHSCORES', 'LIMIT', '0', string.format('%.0f', limit + 1))
    for i = 1, #rows, 2 do
      if taken == limit then
        reply[2], reply[3] = upto, '1'
        return
      end
      local count, due = triesOf(failed[rows[i]])
      if due > 0 and due <= now and unixMs(rows[i], 1) > now then
        reply[#reply + 1] = rows[i]
        reply[#reply + 1] = rows[i + 1]
        reply[#reply + 1] = string.format('%.0f', count)
        taken = taken + 1
      end
      upto = rows[i + 1]
    end
    if #rows < 2 * (limit + 1) then break end
    from = '(' .. rows[#rows]
  end
  reply[2], reply[3] = upto, '0'
end
