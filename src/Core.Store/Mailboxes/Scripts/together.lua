-- Runs many scripts in one call, or one. A fault of one is its answer, as a status, which none of them returns: an error within an array ends a client's
-- connection. The others go on.
-- Scripts that only add (1) come before such that free: after the first write of a call Redis lets all others of it pass, however full its memory is, so that an
-- acknowledgement would open it to new messages behind it. So none of the others changes what is asked ahead before it is used.
-- KEYS: sequence of messages; then those of all, one after the other
-- ARGV: settings (see moment.lua); now (Unix ms); the plan, three bytes for each script: its number, how many keys, how many arguments; then their arguments
-- Returns the answers, in order
local unpack = table.unpack or unpack   -- Lua 5.4 has the first, 5.1 the second
local plan, answers, key, arg, at, count = ARGV[3], {}, 1, 3, 1, 0
takeMoment(ARGV[1], ARGV[2])
sequenceKey, sequencesWanted = KEYS[1], 0

-- Notes which of some keys there are none of: asked for by the handful, so that one which there is spoils it for few.
local function noteMissing(keys, many)
  for from = 1, many, 8 do
    local to = math.min(from + 7, many)
    if redis.call('EXISTS', unpack(keys, from, to)) == 0 then
      for i = from, to do aheadMissing[keys[i]] = true end
    end
  end
end

-- What enqueue.lua (1) would ask each time: bindings, and what nearly always is not there, waiting messages and a sender who listens.
local mailboxes, bindings, told, claims = {}, {}, {}, 0
while at < #plan do
  local number, keys = string.byte(plan, at, at + 1)
  if number == 1 then
    sequencesWanted = sequencesWanted + 1
    mailboxes[sequencesWanted], bindings[sequencesWanted] = KEYS[key + 2], KEYS[key + 3]
    if keys > 3 then
      claims = claims + 1
      told[claims] = KEYS[key + 5]
    end
  end
  key, at = key + keys, at + 3
end
if sequencesWanted > 1 then
  local values = redis.call('MGET', unpack(bindings))
  for i = 1, sequencesWanted do aheadBindings[bindings[i]] = values[i] end
  noteMissing(mailboxes, sequencesWanted)
  noteMissing(told, claims)
end

local function run()
  while at < #plan do
    local number, keys, args = string.byte(plan, at, at + 2)
    local k, a = key, arg
    count, key, arg, at = count + 1, key + keys, arg + args, at + 3
    answers[count] = scripts[number](k, a, keys)
  end
end

key, at = 1, 1
repeat
  local done, fault = pcall(run)   -- a fault ends only the script that it happened in: its place has been passed already
  if not done then answers[count] = { ok = type(fault) == 'table' and fault.err or tostring(fault) } end
until done
return answers
