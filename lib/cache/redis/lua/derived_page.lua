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
-- There are thousands of ids and places: the library has looked at each, and looks here would take as long as adding them.
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
