-- SPDX-License-Identifier: Apache-2.0
-- Add one page to the set under construction, and keep the right to go on.
-- ARGV 1 builder's token  2 nonce  3 hold_ms  4 cursor: the last id that is in with this page ('': as before)  5 'Z' or 'G'
--      6... score, id, ... or longitude, latitude, id, ...
-- Returns 1 added; 0 the build was lost, or another goes on with it. Refused with OOM when Redis is full. May be sent again.
local token, nonce, hold_ms = need_word(ARGV[1], 'token'), need_word(ARGV[2], 'nonce'), need_number(ARGV[3], 'hold_ms')
local kind = need_kind(ARGV[5])
local each = kind == 'Z' and 2 or 3
if ARGV[4] ~= '' then
    need_id(ARGV[4])
end
-- There are thousands: what is written as usual is known by two looks at it, anything else is looked at in full.
local find, args = string.find, ARGV
for i = 6, #args, each do
    local usual = each == 2 and args[i + 1] and find(args[i + 1], '^%w+$') and find(args[i], '^%-?[%d.]+$') and tonumber(args[i])
    if not usual then
        local place, after = place_at(i, kind)
        if #place ~= each - 1 then
            error('place: there is none', 0)
        end
        need_id(ARGV[after])
    end
end
local full = is_full()
if full then
    return full
end
if not is_builder(token, nonce) then
    return 0
end
for i = 6, #ARGV, 600 do -- NX: what a writer put there is newer
    redis.call(kind == 'Z' and 'ZADD' or 'GEOADD', NEW, 'NX', unpack(ARGV, i, math.min(i + 599, #ARGV)))
end
if ARGV[4] ~= '' then
    local begun, provisional = string.match(redis.call('HGET', ANNOUNCED, '@ '), '^(%d+) ([01]) ')
    redis.call('HSET', ANNOUNCED, '@ ', (begun or '0') .. ' ' .. (provisional or '1') .. ' ' .. ARGV[4])
end
hold(token, hold_ms)
redis.call('PEXPIRE', NEW, text(20 * hold_ms))
return 1
