-- Takes a message out of its mailbox and overwrites its record by the outcome: two writes (ZREM, SET), two more if the sender is to be told.
-- Ranks: enqueued 0; expired and invalid 1; delivered 2. A lower or equal one changes nothing. Past its time it has expired, whatever else but a
-- delivery is said: who asked has been told so already.
-- KEYS: record, mailbox, tries, totell, busy
-- ARGV: message name, state digit, now (Unix ms), now (8 bytes), outcome's lifetime (ms), sender's partition and handle (18), tell by (ms),
--   the last try: its SIP status (2), its number (1)
-- Returns {'1' if changed else '0', header or outcome, what is to be told or ''}; nothing if the message is not known
-- include: members.lua
-- include: telling.lua
local function rank(state)
  if state == '1' then return 2 end
  return 1
end

local function conclude(state, head, flags)
  local outcome = 'O' .. state .. head .. ARGV[4] .. flags .. ARGV[8]
  redis.call('SET', KEYS[1], outcome, 'PX', ARGV[5])
  local entry = ''
  if string.byte(flags) % 2 == 1 then
    entry = state .. ARGV[6] .. ARGV[1] .. ARGV[4]
    noteTelling(KEYS[4], KEYS[5], entry, ARGV[7])
  end
  return { '1', outcome, entry }
end

local value = redis.call('GETRANGE', KEYS[1], '0', '71')
if value == '' then return false end

if string.sub(value, 1, 1) == 'O' then
  if rank(ARGV[2]) <= rank(string.sub(value, 2, 2)) then return { '0', value, '' } end
  redis.call('ZREM', KEYS[2], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
  return conclude(ARGV[2], string.sub(value, 3, 18), string.sub(value, 27, 27))
end

local member, state = string.sub(value, 38, 72) .. ARGV[1], ARGV[2]
if unixMs(member, 1) > tonumber(ARGV[3]) then
  if state == '2' then return { '0', value, '' } end   -- never dropped before its time
elseif state ~= '1' then
  state = '2'
end
redis.call('ZREM', KEYS[2], member)
redis.call('HDEL', KEYS[3], member)
return conclude(state, string.sub(member, 1, 16), string.sub(member, 35, 35))
