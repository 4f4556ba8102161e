-- Part of other scripts. The next sequence of a partition. Never below the clock: a counter that was lost, or set back by a failover,
-- must not begin below what edges have already sent, or clients have been told.
-- now: Unix ms as text, as the caller has it: numbers cost a microsecond to write.
local function nextSequence(key, now)
  local last = tonumber(redis.call('SET', key, now, 'GET') or '0')
  if last < tonumber(now) then return now end
  local text = string.format('%.0f', last + 1)
  redis.call('SET', key, text)
  return text
end
