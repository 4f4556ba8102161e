-- Part of other scripts. Notes that a sender is to be told, in the same script that ended the message (docs/adr/0004).
local function isTold(head)
  return string.byte(head, 35) % 2 == 1
end

-- entry: state digit, sender's partition (2) and handle (16), message name (16), ended (8)
local function noteTelling(totell, busy, entry, due)
  redis.call('SADD', totell, entry)
  redis.call('ZADD', busy, 'LT', due, 'tell')
end
