-- Takes a message out of its mailbox and overwrites its record by the outcome: two writes (ZREM, SET), two more if the sender is to be told.
-- Ranks: enqueued 0; expired and invalid 1; delivered 2. A lower or equal one changes nothing. Past its time it has expired, whatever else but a
-- delivery is said: who asked has been told so already.
-- KEYS: record, mailbox. Under their hash tag also tries, totell and busy
-- ARGV: outcome (30 bytes: Outcome.cs; without expires, accepted and flags where they are not known); sender's partition and handle (18) or, of a delivery of which nobody
--   is to be told and which has not been tried in vain, the member of the mailbox
-- Returns '0' and header or outcome; '1', outcome and what is to be told, if anything is, if it changed; '1' alone if the outcome is the one given;
--   nothing if the message is not known
-- include: ahead.lua
-- include: moment.lua
-- include: members.lua
-- include: telling.lua
local what, sender, mailbox = ARGV[1], ARGV[2], KEYS[2]

-- Nearly always it is all known, and nothing need be read. Should a second copy of it have failed meanwhile, the count of that stays behind in the tries, where
-- nobody misses it, until a client registers (register.lua) or they lapse.
if #sender > 18 then
  if redis.call('ZREM', mailbox, sender) == 1 then
    redis.call('SET', KEYS[1], what, 'PX', outcomeLifetime)
    return '1'
  end
  sender = string.sub(sender, 17, 34)
end

local name, state, time = string.sub(KEYS[1], -16), string.sub(what, 2, 2), string.sub(what, 19, 26)

local function rank(state)
  if state == '1' then return 2 end
  return 1
end

local function conclude(state, head, flags)
  local outcome = 'O' .. state .. head .. time .. flags .. string.sub(what, 28, 30)
  redis.call('SET', KEYS[1], outcome, 'PX', outcomeLifetime)
  if string.byte(flags) % 2 == 0 then return '1' .. outcome end
  local entry = state .. sender .. name .. time
  noteTelling(sibling(KEYS[1], 'w'), sibling(KEYS[1], 'b'), entry, string.format('%d', now + tellAfter))
  return '1' .. outcome .. entry
end

local value = redis.call('GETRANGE', KEYS[1], '0', '71')
if value == '' then return false end

if string.sub(value, 1, 1) == 'O' then
  if rank(state) <= rank(string.sub(value, 2, 2)) then return '0' .. value end
  redis.call('ZREM', mailbox, '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
  return conclude(state, string.sub(value, 3, 18), string.sub(value, 27, 27))
end

if unixMs(value, 38) > unixMs(what, 19) then   -- by when it ended, not by when that is written down
  if state == '2' then return '0' .. value end   -- never dropped before its time
elseif state ~= '1' then
  state = '2'
end
local member = string.sub(value, 38, 72) .. name
redis.call('ZREM', mailbox, member)
redis.call('HDEL', sibling(mailbox, 't', string.sub(mailbox, -16)), member)
return conclude(state, string.sub(value, 38, 53), string.sub(value, 72, 72))
