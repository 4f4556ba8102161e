-- Part of other scripts. What the scripts of a call have in common: their settings and the time.
-- Times and numbers come and go as text, and Lua takes a microsecond to make one of the other: each once.
local mostQueued, mostOfSender, mostReceipts, lookAfter, outcomeLifetime, recordGrace, tellAfter
local now, nowText   -- Unix ms
local lookAgain, lifetime, lifetimeMs

-- settings: those above in this order, with a space between them, times in ms; time: now
local function takeMoment(settings, time)
  local queued, ofSender, receipts, look, outcome, grace, tell = string.match(settings, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  mostQueued, mostOfSender, mostReceipts = tonumber(queued), tonumber(ofSender), tonumber(receipts)
  lookAfter, outcomeLifetime, recordGrace, tellAfter = tonumber(look), outcome, tonumber(grace), tonumber(tell)
  now, nowText = tonumber(time), time
end

-- When to look again, as text, but not after a time (Unix ms).
local function lookAgainBefore(latest)
  if now + lookAfter > latest then return string.format('%d', latest) end
  lookAgain = lookAgain or string.format('%d', now + lookAfter)
  return lookAgain
end

-- For how long Redis keeps a record that expires at a time (Unix ms), as text.
local function recordLifetime(expires)
  local ms = expires - now + recordGrace
  if ms ~= lifetimeMs then lifetime, lifetimeMs = string.format('%d', ms), ms end
  return lifetime
end
