-- Part of other scripts. The bindings of an account, newest first, one a line, at most 5:
--   expires (Unix ms) TAB epoch TAB flow TAB spent (1: a message used up its tries here) TAB edge TAB device LF
-- The first line is the active binding. Numbers go out by %d: Lua 5.4 would write 1.0.
local function readBindings(key, now)
  local list = {}
  for e, p, f, s, g, d in string.gmatch(redis.call('GET', key) or '', '(%d+)\t(%d+)\t(%d+)\t(%d)\t([^\t\n]*)\t([^\t\n]*)\n') do
    if tonumber(e) > now then
      list[#list + 1] = { expires = e, epoch = p, flow = f, spent = s, edge = g, device = d }
    end
  end
  return list
end

local function bindingLine(b)
  return b.expires .. '\t' .. b.epoch .. '\t' .. b.flow .. '\t' .. b.spent .. '\t' .. b.edge .. '\t' .. b.device .. '\n'
end

local function writeBindings(key, list, now)
  if #list == 0 then
    redis.call('DEL', key)
    return
  end
  local text, last = '', 0
  for i = 1, #list do
    text = text .. bindingLine(list[i])
    if tonumber(list[i].expires) > last then last = tonumber(list[i].expires) end
  end
  redis.call('SET', key, text, 'PX', string.format('%d', last - now))
end

local function sameFlow(b, epoch, flow, edge)
  return b.epoch == epoch and b.flow == flow and b.edge == edge
end
