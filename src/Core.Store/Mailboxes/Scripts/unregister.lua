-- Ends the binding of one flow. If it was the active one, the next newest gets what waits from the sweeper within a second.
-- KEYS: bindings, mailbox, tries, busy
-- ARGV: now (Unix ms), epoch, flow, edge, account's handle
-- Returns 1 if the binding was there
-- include: bindings.lua
local now = tonumber(ARGV[1])
local list = readBindings(KEYS[1], now)
for i = 1, #list do
  if sameFlow(list[i], ARGV[2], ARGV[3], ARGV[4]) then
    redis.call('ZREM', KEYS[4], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
    table.remove(list, i)
    writeBindings(KEYS[1], list, now)
    if i == 1 and #list > 0 and redis.call('EXISTS', KEYS[2]) == 1 then
      redis.call('DEL', KEYS[3])   -- another device starts with its own tries
      redis.call('ZADD', KEYS[4], 'LT', ARGV[1], ARGV[5])
    end
    return 1
  end
end
return 0
