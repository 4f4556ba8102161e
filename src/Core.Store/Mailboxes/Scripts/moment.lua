-- Part of other scripts. What the scripts of a call have in common: their settings, and nearly always the time.
-- Times and numbers come and go as text, and Lua takes a microsecond to make one of the other: each once.
local mostQueued, mostOfSender, mostReceipts, lookAfter, outcomeLifetime, recordGrace, tellAfter
local moment, momentMs, lookAgain, lifetime, lifetimeMs

-- text: those above in this order, with a space between them; times in ms
local function takeSettings(text)
  local queued, ofSender, receipts, look, outcome, grace, tell = string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  mostQueued, mostOfSender, mostReceipts = tonumber(queued), tonumber(ofSender), tonumber(receipts)
  lookAfter, outcomeLifetime, recordGrace, tellAfter = tonumber(look), outcome, tonumber(grace), tonumber(tell)
end

-- head: three bytes, then now in Unix ms (together.lua). Returns now as a number.
local function momentOf(head)
  if head ~= moment then moment, momentMs, lookAgain = head, tonumber(string.sub(head, 4)), nil end
  return momentMs
end

-- When to look again from the moment, as text, but not after a time (Unix ms).
local function lookAgainBefore(latest)
  if momentMs + lookAfter > latest then return string.format('%d', latest) end
  lookAgain = lookAgain or string.format('%d', momentMs + lookAfter)
  return lookAgain
end

-- For how long Redis keeps a record that expires at a time (Unix ms), as text.
local function recordLifetime(expires)
  local ms = expires - momentMs + recordGrace
  if ms ~= lifetimeMs then lifetime, lifetimeMs = string.format('%d', ms), ms end
  return lifetime
end
