-- Part of other scripts. The next sequence of a partition. Never below the clock: a counter that was lost, or set back by a failover,
-- must not begin below what edges have already sent, or clients have been told.
local function nextSequence(key, now)
  local sequence = tonumber(redis.call('GET', key) or '0') + 1
  if sequence < now then sequence = now end
  local text = string.format('%.0f', sequence)
  redis.call('SET', key, text)
  return text
end
