-- Takes a message out of its mailbox and overwrites its record by the outcome: two writes (ZREM, SET), two more if the sender is to be told.
-- Ranks: enqueued 0; expired and invalid 1; delivered 2. A lower or equal one changes nothing. Past its time it has expired, whatever else but a
-- delivery is said: who asked has been told so already.
-- KEYS: record, mailbox, tries, totell, busy
-- ARGV: now (Unix ms); state digit, now (8 bytes), sender's partition and handle (18), SIP status of the last try (2), its number (1);
--   outcome's lifetime (ms), tell after (ms)
-- Returns '0' and header or outcome; if it changed '1', outcome (30 bytes) and what is to be told, if anything is; nothing if the message is not known
-- include: ahead.lua
-- include: moment.lua
-- include: members.lua
-- include: telling.lua
local what, name, now = ARGV[2], string.sub(KEYS[1], -16), momentOf(ARGV[1])
local state, time = string.sub(what, 1, 1), string.sub(what, 2, 9)

local function rank(state)
  if state == '1' then return 2 end
  return 1
end

local function conclude(state, head, flags)
  local outcome = 'O' .. state .. head .. time .. flags .. string.sub(what, 28, 30)
  redis.call('SET', KEYS[1], outcome, 'PX', ARGV[3])
  if string.byte(flags) % 2 == 0 then return '1' .. outcome end
  local entry = state .. string.sub(what, 10, 27) .. name .. time
  noteTelling(KEYS[4], KEYS[5], entry, string.format('%.0f', now + tonumber(ARGV[4])))
  return '1' .. outcome .. entry
end

local value = redis.call('GETRANGE', KEYS[1], '0', '71')
if value == '' then return false end

if string.sub(value, 1, 1) == 'O' then
  if rank(state) <= rank(string.sub(value, 2, 2)) then return '0' .. value end
  redis.call('ZREM', KEYS[2], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
  return conclude(state, string.sub(value, 3, 18), string.sub(value, 27, 27))
end

if unixMs(value, 38) > now then
  if state == '2' then return '0' .. value end   -- never dropped before its time
elseif state ~= '1' then
  state = '2'
end
local member = string.sub(value, 38, 72) .. name
redis.call('ZREM', KEYS[2], member)
if not isGone(KEYS[3]) then redis.call('HDEL', KEYS[3], member) end
return conclude(state, string.sub(value, 38, 53), string.sub(value, 72, 72))
