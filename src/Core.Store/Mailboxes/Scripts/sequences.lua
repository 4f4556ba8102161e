-- Part of other scripts. The next sequence of a partition. Never below the clock: a counter that was lost, or set back by a failover,
-- must not begin below what edges have already sent, or clients have been told.
local function nextSequence(key, now)
  local text = string.format('%.0f', now)
  local last = tonumber(redis.call('SET', key, text, 'GET') or '0')
  if last < now then return text end
  text = string.format('%.0f', last + 1)
  redis.call('SET', key, text)
  return text
end
