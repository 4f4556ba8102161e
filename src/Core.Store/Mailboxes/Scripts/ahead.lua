-- Part of other scripts. What has been asked of Redis ahead, for all scripts of a turn at once (together.lua): by key false if there is none, its value if
-- that was asked for; nil if nobody asked. A call of Redis from a script costs two microseconds, and one for sixty keys hardly more than one for one.
local ahead = {}

local function isGone(key)
  local known = ahead[key]
  if known == nil then return redis.call('EXISTS', key) == 0 end
  return not known
end
