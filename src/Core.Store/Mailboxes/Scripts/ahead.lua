-- Part of other scripts. What together.lua has asked of Redis ahead, for all scripts of a call at once: a call of Redis from a script costs two microseconds,
-- and one for many keys hardly more than one for one. By key; nil says that nobody asked.
local aheadBindings = {}   -- false: none
local aheadMissing = {}    -- true: no such mailbox, or told list

local function isMissing(key)
  return aheadMissing[key] or redis.call('EXISTS', key) == 0
end

-- A key under the hash tag of another one, which ends in a letter and a name of 16 bytes.
local function sibling(key, letter, name)
  return string.sub(key, 1, -18) .. letter .. (name or '')
end
