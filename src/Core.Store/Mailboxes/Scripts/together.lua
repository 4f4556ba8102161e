-- Runs many scripts in one call, or one. A fault of one is its answer, as a status, which none of them returns: an error within an array ends a client's
-- connection. The others go on.
-- Scripts that only add come before such that free: after the first write of a call Redis lets all others of it pass, however full its memory is, so that an
-- acknowledgement would open it to new messages behind it.
-- KEYS: sequence of messages; then those of all, one after the other
-- ARGV: settings (see moment.lua); then for each: three bytes, which are its number, how many keys and how many arguments (this one too), and now (Unix ms); the rest of
--   its arguments
-- Returns the answers, in order
local unpack = table.unpack or unpack   -- Lua 5.4 has the first, 5.1 the second
local answers, key, arg, last, count = {}, 1, 1, #ARGV, 0
takeSettings(ARGV[1])
sequenceKey, sequencesWanted = KEYS[1], 0

-- Notes which of some keys there are none of: asked for by the handful, so that one which there is spoils it for few.
local function noteMissing(keys, asking)
  for from = 1, #keys, 8 do
    local to = math.min(from + 7, #keys)
    if redis.call('EXISTS', unpack(keys, from, to)) == 0 then
      for i = from, to do aheadMissing[asking[i]] = true end
    end
  end
end

-- What enqueue.lua (1) and end.lua (2) would each ask: bindings, and what nearly always is not there: waiting messages, a sender to be told, tries that failed.
local enqueues, mailboxes, bindings, seldomAsking, seldom = {}, {}, {}, {}, {}
while arg < last do
  local number, keys, args = string.byte(ARGV[arg + 1], 1, 3)
  if number < 3 then
    local mailbox = KEYS[key + 2]
    local tag, handle, mine = string.sub(mailbox, 1, -18), string.sub(mailbox, -16), nil
    if number == 1 then
      sequencesWanted = sequencesWanted + 1
      enqueues[sequencesWanted], mailboxes[sequencesWanted], bindings[sequencesWanted] = arg, mailbox, tag .. 'n' .. handle
      if keys > 2 then mine = sibling(KEYS[key + 3], 'T', string.sub(ARGV[arg + 2], 56, 71)) end
    else
      mine = tag .. 't' .. handle
    end
    if mine then
      count = count + 1
      seldomKey[arg], seldomAsking[count], seldom[count] = mine, arg, mine
    end
  end
  key, arg = key + keys, arg + args
end
if sequencesWanted > 1 then
  local values = redis.call('MGET', unpack(bindings))
  for i = 1, sequencesWanted do aheadLine[enqueues[i]] = values[i] end
  noteMissing(mailboxes, mailboxes)
end
if count > 1 then noteMissing(seldom, seldomAsking) end

local function run()
  while arg < last do
    local number, keys, args = string.byte(ARGV[arg + 1], 1, 3)
    question, count = arg, count + 1
    local k, a = key, arg
    key, arg = key + keys, arg + args
    if number > 2 then aheadLine, aheadMissing = {}, {} end   -- it may change what was asked ahead
    answers[count] = scripts[number](k, a, keys)
  end
end

key, arg, count = 1, 1, 0
repeat
  local done, fault = pcall(run)   -- a fault ends only the script that it happened in: its place has been passed already
  if not done then answers[count] = { ok = type(fault) == 'table' and fault.err or tostring(fault) } end
until done
return answers
