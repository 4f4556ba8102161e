-- Reads what waits after a sequence, if the flow is the active one.
-- KEYS: bindings, mailbox, tries
-- ARGV: epoch, flow, edge, page after, page size
-- Returns {'1', after, upto, more, then member, sequence, tries, failed before ...}, or {'0'} for another flow
-- include: moment.lua
-- include: bindings.lua
-- include: members.lua
local active = readBindings(KEYS[1], now)[1]
if not active or not sameFlow(active, ARGV[1], ARGV[2], ARGV[3]) then return { '0' } end
local reply = { '1' }
appendPage(reply, KEYS[2], failedTries(KEYS[3]), ARGV[4], tonumber(ARGV[5]), now)
return reply
