#include "gateway/fleet/scripts.h"

namespace steelyard::fleet {

// Keys of a fleet, all in one hash slot:
//   steelyard:{NAME}:fleet    a hash, by replica: i: id of its directory, e: generation, which each
//                             process of a directory has one more of, n: nonce of the process, q:
//                             number of its newest call, t: when that was, a: up to when it has
//                             seen what others want, r: in which run of the store; and run, learn,
//                             blind: see below
//   steelyard:{NAME}:wanted   a hash: window -> since when somebody wants what others hold of it
//   steelyard:{NAME}:w:...    a hash for each window of each budget, by replica: g: granted, p:
//                             posted, h: held, c: topped up by; and granted, the sum of g:, and
//                             floor, what is known to have been granted at least
// Money is in nano-dollars, below 2^53, so that a double is exact. Time is the store's, in ms.
//
// A store that was restarted may have lost its last writes. Then it grants nothing (learns) until
// all who were there have said again what they may use, or for a lease. It is blind if it has lost
// everything: then it believes what it is told of sums, too.

// KEYS: fleet. ARGV: replica, id, nonce, lease, generation, number, has been here before.
const Script join_script{"join", R"lua(
local fleet, me, generation = KEYS[1], ARGV[1], tonumber(ARGV[5])
local function num(x) return tonumber(x or '0') or 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local id, nonce = redis.call('HGET', fleet, 'i:' .. me), redis.call('HGET', fleet, 'n:' .. me)
local newest = num(redis.call('HGET', fleet, 'e:' .. me))
if id and id ~= ARGV[2] then return {'taken'} end
if generation < newest then return {'newer'} end
if generation == newest then
  if nonce ~= ARGV[3] then return {'taken'} end
  if tonumber(ARGV[6]) <= num(redis.call('HGET', fleet, 'q:' .. me)) then return {'late'} end
end
if not id and ARGV[7] == '1' then
  redis.call('HSET', fleet, 'blind', '1', 'learn', string.format('%.0f', now + tonumber(ARGV[4])))
end
redis.call('HSET', fleet, 'e:' .. me, ARGV[5], 'i:' .. me, ARGV[2], 'n:' .. me, ARGV[3],
           'q:' .. me, ARGV[6])
return {'ok'}
)lua"};

// KEYS: fleet, wanted, windows. ARGV: replica, generation, number, run, lease, seen up to, leaves,
// nonce; then of each window: cap (-1: none), keep, posted, held, credit, sum known, ask, want,
// expires at.
const Script sync_script{"sync", R"lua(
local fleet, wanted, me = KEYS[1], KEYS[2], ARGV[1]
local run, lease = ARGV[4], tonumber(ARGV[5])
local function num(x) return tonumber(x or '0') or 0 end
local function text(x) return string.format('%.0f', x) end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- A call of an earlier process, or one that was given up and comes late, changes nothing.
local generation = redis.call('HGET', fleet, 'e:' .. me)
if not generation or num(generation) < tonumber(ARGV[2]) then return {'unknown'} end
if num(generation) > tonumber(ARGV[2]) or redis.call('HGET', fleet, 'n:' .. me) ~= ARGV[8] then
  return {'newer'}
end
if tonumber(ARGV[3]) <= num(redis.call('HGET', fleet, 'q:' .. me)) then return {'late'} end

if redis.call('HGET', fleet, 'run') ~= run then
  redis.call('HSET', fleet, 'run', run, 'learn', text(now + lease))
end
redis.call('HSET', fleet, 'q:' .. me, ARGV[3], 't:' .. me, text(now), 'a:' .. me, ARGV[6],
           'r:' .. me, run)
local seen, acked, ran, meta = {}, {}, {}, {}
local all = redis.call('HGETALL', fleet)
for i = 1, #all, 2 do
  local kind, name = string.sub(all[i], 1, 2), string.sub(all[i], 3)
  if kind == 't:' then seen[name] = tonumber(all[i + 1])
  elseif kind == 'a:' then acked[name] = tonumber(all[i + 1])
  elseif kind == 'r:' then ran[name] = all[i + 1]
  else meta[all[i]] = all[i + 1] end
end
local learning = num(meta['learn']) > now
local blind = learning and meta['blind'] == '1'
if learning and not blind then
  learning = false
  for name in pairs(seen) do
    if ran[name] ~= run then learning = true end
  end
end
if meta['blind'] and not learning then redis.call('HDEL', fleet, 'blind') end
local live, others = 0, {}
for name, at in pairs(seen) do
  if now - at <= lease then
    live = live + 1
    if name ~= me then others[name] = true end
  elseif now - at > 3600000 then
    redis.call('HDEL', fleet, 't:' .. name)
  end
end

local out = {'ok', text(now), learning and '1' or '0', text(live)}
local at = 9
for i = 3, #KEYS do
  local key = KEYS[i]
  local cap, keep, posted, held = num(ARGV[at]), num(ARGV[at + 1]), num(ARGV[at + 2]), num(ARGV[at + 3])
  local credit, known = num(ARGV[at + 4]), num(ARGV[at + 5])
  local ask, want, expires = num(ARGV[at + 6]), num(ARGV[at + 7]), ARGV[at + 8]
  at = at + 9
  local g, granted, floor = 0, 0, 0
  local o_posted, o_held, o_credit, unspent = 0, 0, 0, {}
  local flat = redis.call('HGETALL', key)
  for j = 1, #flat, 2 do
    local kind, name, value = string.sub(flat[j], 1, 2), string.sub(flat[j], 3), num(flat[j + 1])
    if flat[j] == 'granted' then granted = value
    elseif flat[j] == 'floor' then floor = value
    elseif name == me then
      if kind == 'g:' then g = value end
    elseif kind == 'p:' then
      o_posted = o_posted + value
      if not others[name] then unspent[name] = (unspent[name] or 0) - value end
    elseif kind == 'g:' then
      if not others[name] then unspent[name] = (unspent[name] or 0) + value end
    elseif kind == 'h:' then
      if others[name] then o_held = o_held + value end
    elseif kind == 'c:' then o_credit = o_credit + value end
  end
  -- Who is silent may have spent all it was granted.
  for _, value in pairs(unspent) do o_held = o_held + math.max(value, 0) end

  -- What this replica says it keeps is what it is granted: less when it gives back, more when it
  -- was billed above its holds, or when the store forgot.
  if keep < g then
    granted = granted - (g - keep)
    floor = math.max(0, floor - (g - keep))
  else
    granted = granted + (keep - g)
  end
  g = keep
  if blind and known > floor then floor = known end
  local total = math.max(granted, floor)
  local state = 'ok'
  if cap >= 0 and (ask > 0 or want > 0) then
    local left = cap + credit + o_credit - total
    if learning then
      state = 'learning'
    elseif ask > left then
      local since = num(redis.call('HGET', wanted, key))
      if since == 0 or now - since > 1000 then
        since = now
        redis.call('HSET', wanted, key, text(now))
      end
      state = 'none'
      for name in pairs(others) do
        if (acked[name] or 0) <= since then state = 'asked' end
      end
    elseif left > 0 then
      local slice = math.min(math.floor(left / (2 * live)), math.floor(left / 4))
      local give = math.min(math.max(slice, want), left)
      g = g + give
      granted = granted + give
      floor = floor + give
      total = math.max(granted, floor)
      if ask > 0 then redis.call('HDEL', wanted, key) end
    end
  end
  redis.call('HSET', key, 'g:' .. me, text(g), 'p:' .. me, text(posted), 'h:' .. me, text(held),
             'c:' .. me, text(credit), 'granted', text(granted), 'floor', text(floor))
  if expires ~= '0' then redis.call('PEXPIREAT', key, expires) end
  out[#out + 1] = text(g)
  out[#out + 1] = text(total)
  out[#out + 1] = text(o_posted)
  out[#out + 1] = text(o_held)
  out[#out + 1] = text(o_credit)
  out[#out + 1] = state
end
if ARGV[7] == '1' then redis.call('HDEL', fleet, 't:' .. me) end

local marks = redis.call('HGETALL', wanted)
for i = 1, #marks, 2 do
  if now - num(marks[i + 1]) > 2000 then
    redis.call('HDEL', wanted, marks[i])
  else
    out[#out + 1] = marks[i]
  end
end
return out
)lua"};

// What it was granted counts as spent, for nobody knows better. KEYS: fleet, windows. ARGV:
// replica. Its name stays its directory's: when it comes back with its journal, its own figures are
// taken.
const Script forget_script{"forget", R"lua(
local fleet, who, spent = KEYS[1], ARGV[1], 0
if redis.call('HEXISTS', fleet, 'i:' .. who) == 0 then return {'unknown'} end
for i = 2, #KEYS do
  local g = redis.call('HGET', KEYS[i], 'g:' .. who)
  if g then
    spent = spent + tonumber(g) - (tonumber(redis.call('HGET', KEYS[i], 'p:' .. who) or '0') or 0)
    redis.call('HSET', KEYS[i], 'p:' .. who, g, 'h:' .. who, '0')
  end
end
redis.call('HDEL', fleet, 't:' .. who, 'e:' .. who)
return {'ok', string.format('%.0f', spent)}
)lua"};

}  // namespace steelyard::fleet
