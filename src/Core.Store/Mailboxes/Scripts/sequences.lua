-- Part of other scripts. The next sequence of a partition. Never below the clock: a counter that was lost, or set back by a failover,
-- must not begin below what edges have already sent, or clients have been told.
-- now: Unix ms, as text and as a number: either costs a microsecond to make of the other.
local function nextSequence(key, now, nowMs)
  local last = tonumber(redis.call('SET', key, now, 'GET') or '0')
  if last < nowMs then return now end
  local text = string.format('%.0f', last + 1)
  redis.call('SET', key, text)
  return text
end
