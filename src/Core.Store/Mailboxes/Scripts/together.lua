-- Runs many scripts in one call. A fault of one is its answer, as a status, which none of them returns: an error within an array ends a client's
-- connection. The others go on.
-- Scripts that only add come before such that free: after the first write of a call Redis lets all others of it pass, however full its memory is, so that an
-- acknowledgement would open it to new messages behind it.
-- KEYS: those of all, one after the other
-- ARGV: for each: three bytes, which are its number, how many keys and how many arguments; then its arguments
-- Returns the answers, in order
local unpack = table.unpack or unpack   -- Lua 5.4 has the first, 5.1 the second
local answers, key, arg, last = {}, 0, 1, #ARGV

-- What enqueue.lua (1) and end.lua (2) would each ask: bindings, and whether anybody is told or has tries, which nearly always nobody does.
local bindings, seldom = {}, {}
while arg <= last do
  local number, keys, args = string.byte(ARGV[arg], 1, 3)
  if number == 1 then
    bindings[#bindings + 1] = KEYS[key + 5]
    if keys > 6 then seldom[#seldom + 1] = KEYS[key + 8] end
  elseif number == 2 then
    seldom[#seldom + 1] = KEYS[key + 3]
  end
  key, arg = key + keys, arg + 1 + args
end
if #bindings > 1 then
  local values = redis.call('MGET', unpack(bindings))
  for i = 1, #bindings do ahead[bindings[i]] = values[i] end
end
if #seldom > 1 and redis.call('EXISTS', unpack(seldom)) == 0 then
  for i = 1, #seldom do ahead[seldom[i]] = false end
end

key, arg = 0, 1
while arg <= last do
  local number, keys, args = string.byte(ARGV[arg], 1, 3)
  local done, answer = pcall(scripts[number], key, arg, keys)
  if not done then answer = { ok = type(answer) == 'table' and answer.err or tostring(answer) } end
  if number > 2 then ahead = {} end   -- it may have changed what was asked ahead
  answers[#answers + 1] = answer
  key, arg = key + keys, arg + 1 + args
end
return answers
