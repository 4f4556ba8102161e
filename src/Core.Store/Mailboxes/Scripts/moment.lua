-- Part of other scripts. What the scripts of a turn nearly always have in common is reckoned once: they are text, and Lua takes long over numbers.
local moment, momentMs, settings, mostQueued, mostOfSender, lookAfter, lookAgain

-- now: Unix ms, as text
local function momentOf(now)
  if now ~= moment then moment, momentMs, lookAgain = now, tonumber(now), nil end
  return momentMs
end

-- text: 'most queued SPACE most of one sender SPACE look again after (ms)'
local function takeSettings(text)
  if text == settings then return end
  local queued, ofSender, after = string.match(text, '^(%d+) (%d+) (%d+)$')
  settings, mostQueued, mostOfSender, lookAfter, lookAgain = text, tonumber(queued), tonumber(ofSender), tonumber(after), nil
end

-- When to look again from the moment, as text, but not after a time (Unix ms).
local function lookAgainBefore(latest)
  if momentMs + lookAfter > latest then return string.format('%.0f', latest) end
  lookAgain = lookAgain or string.format('%.0f', momentMs + lookAfter)
  return lookAgain
end
