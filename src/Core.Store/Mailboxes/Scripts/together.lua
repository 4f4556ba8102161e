-- Runs many scripts in one call. A fault of one is its answer, as a string, which none of them returns: an error within an array ends a client's
-- connection. The others go on.
-- Scripts that only add come before such that free: after the first write of a call Redis lets all others of it pass, however full its memory is, so that an
-- acknowledgement would open it to new messages behind it.
-- KEYS: those of all, one after the other
-- ARGV: for each: its number, how many keys, how many arguments, then its arguments
-- Returns the answers, in order
local unpack = table.unpack or unpack   -- Lua 5.4 has the first, 5.1 the second
local answers, key, arg, last = {}, 0, 1, #ARGV
while arg <= last do
  local keys, args = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  local done, answer = pcall(scripts[ARGV[arg]], { unpack(KEYS, key + 1, key + keys) }, { unpack(ARGV, arg + 3, arg + 2 + args) })
  if not done then answer = type(answer) == 'table' and answer.err or tostring(answer) end
  answers[#answers + 1] = answer
  key, arg = key + keys, arg + 3 + args
end
return answers
