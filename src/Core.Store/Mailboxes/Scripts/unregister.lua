-- Ends the binding of one flow. If it was the active one, the next newest gets what waits from the sweeper within a second.
-- KEYS: bindings, mailbox, tries, busy; to note it: session events
-- ARGV: epoch, flow, edge, account's handle;
--   to note it: the event, sealed, most events, their lifetime (ms)
-- Returns 1 if the binding was there
-- include: moment.lua
-- include: bindings.lua
-- include: members.lua
local kept, found, wasActive = {}, false, false
for i, b in ipairs(readBindings(KEYS[1], 0)) do   -- also what has just lapsed: its end is told by the edge that held it
  if sameFlow(b, ARGV[1], ARGV[2], ARGV[3]) then
    found, wasActive = true, #kept == 0
  elseif tonumber(b.expires) > now then
    kept[#kept + 1] = b
  end
end
if not found then return 0 end
redis.call('ZREM', KEYS[4], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
if #KEYS > 4 and redis.call('RPUSHX', KEYS[5], 'E' .. ARGV[5]) > 0 then
  redis.call('LTRIM', KEYS[5], '-' .. ARGV[6], '-1')
  redis.call('PEXPIRE', KEYS[5], ARGV[7])
end
writeBindings(KEYS[1], kept, now)
if wasActive and #kept > 0 and redis.call('EXISTS', KEYS[2]) == 1 then
  forgetTries(KEYS[3], failedTries(KEYS[3]))   -- another device starts with its own tries
  redis.call('ZADD', KEYS[4], 'LT', nowText, ARGV[4])
end
return 1
