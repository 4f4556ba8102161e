-- Part of other scripts. The next sequences: the last one + 1, but never below the clock. A counter that was lost, or set back by a failover, must not begin
-- below what edges have already sent, or clients have been told. In microseconds, so that it runs ahead of the clock only above a million messages a second.
-- now: Unix ms; count: how many to take at once. Returns the first of them.
local function takeSequences(key, now, count)
  local first = now * 1000 + 1
  local last = tonumber(redis.call('SET', key, string.format('%d', first + count - 1), 'GET') or '0')
  if last >= first then
    first = last + 1
    redis.call('SET', key, string.format('%d', last + count))
  end
  return first
end

-- The messages of a call take theirs together: one write for all of them.
local sequenceKey, sequencesWanted, sequenceNext

local function nextMessageSequence(now)
  local sequence = sequenceNext or takeSequences(sequenceKey, now, sequencesWanted)
  sequenceNext = sequence + 1
  return string.format('%d', sequence)
end
