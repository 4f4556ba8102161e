-- Numbers the starts of an edge: the same number for the same instance, a higher one for a new instance.
-- KEYS: epochs
-- ARGV: instance (16 bytes), now (Unix s): where a lost counter begins, ahead of every number given before; lifetime (ms)
-- Returns the epoch
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return known
end
redis.call('HDEL', KEYS[1], '')   -- a freeing command first: then Redis lets the rest pass even when its memory is full
local last = redis.call('HINCRBY', KEYS[1], 'last', '1')
if last == 1 then
  last = tonumber(ARGV[2])
  redis.call('HSET', KEYS[1], 'last', ARGV[2])
end
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= 'last' and tonumber(all[i + 1]) <= last - 16 then redis.call('HDEL', KEYS[1], all[i]) end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', last))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return string.format('%d', last)
