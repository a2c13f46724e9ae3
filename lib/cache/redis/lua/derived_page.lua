-- SPDX-License-Identifier: Apache-2.0
-- Add one page to the set under construction, and keep the right to go on.
-- ARGV 1 builder's token  2 nonce  3 hold_ms  4 the last id that was in before ('': none)  5 cursor: the last that is in with this page ('': as before)
--      6 'Z' or 'G'  7... score, id, ... or longitude, latitude, id, ...
-- Returns 1 added; 0 the build was lost, or the page before this one, or another goes on with it. Refused with OOM when Redis is full. May be sent
-- again. A builder need not wait for the answer: the next page finds out.
local token, nonce, hold_ms = need_word(ARGV[1], 'token'), need_word(ARGV[2], 'nonce'), need_number(ARGV[3], 'hold_ms')
local kind = need_kind(ARGV[6])
local after, cursor = ARGV[4], ARGV[5]
if cursor ~= '' then
    need_id(cursor)
end
-- There are thousands: what is written as usual is known by two looks at it (that it is one number, ZADD sees), anything else is looked at in full.
local each = kind == 'Z' and 2 or 3
local find, args = string.find, ARGV
for i = 7, #args, each do
    if each == 3 or not args[i + 1] or not find(args[i + 1], '^%w+$') or not find(args[i], '^%-?[%d.]+$') then
        local place, id_at = place_at(i, kind)
        if #place ~= each - 1 then
            error('place: there is none', 0)
        end
        need_id(ARGV[id_at])
    end
end
local full = is_full()
if full then
    return full
end
if not is_builder(token, nonce) then
    return 0
end
local begun, provisional, kept = string.match(redis.call('HGET', ANNOUNCED, '@ '), '^(%d+) ([01]) (%S*)$')
if not begun or (kept ~= after and (kept ~= cursor or cursor == '')) then
    return 0
end
for i = 7, #ARGV, 600 do -- NX: what a writer put there is newer
    redis.call(kind == 'Z' and 'ZADD' or 'GEOADD', NEW, 'NX', unpack(ARGV, i, math.min(i + 599, #ARGV)))
end
if cursor ~= '' then
    redis.call('HSET', ANNOUNCED, '@ ', begun .. ' ' .. provisional .. ' ' .. cursor)
end
hold(token, hold_ms)
redis.call('PEXPIRE', NEW, text(20 * hold_ms))
return 1
