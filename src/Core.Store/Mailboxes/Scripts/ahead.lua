-- Part of other scripts. What together.lua has asked of Redis ahead, for all scripts of a call at once: a call of Redis from a script costs two microseconds,
-- and one for many keys hardly more than one for one. A question is the place of a script's arguments; nil says that nobody asked.
local question
local aheadLine = {}      -- question to the bindings of its recipient, false without any
local aheadMissing = {}   -- question, or mailbox, to true: there is no told list, no tries, or no such mailbox
local seldomKey = {}      -- question to the sender's told list or the recipient's tries, which nearly always are not there

-- Whether there is no such key as this question's: the one in seldomKey.
local function isSeldomMissing()
  return aheadMissing[question] or redis.call('EXISTS', seldomKey[question]) == 0
end

-- A key under the hash tag of another one, which ends in a letter and a name of 16 bytes.
local function sibling(key, letter, name)
  return string.sub(key, 1, -18) .. letter .. (name or '')
end
