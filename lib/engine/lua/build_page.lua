-- SPDX-License-Identifier: Apache-2.0
-- Add one page to a board or geo set under construction, and keep the right to go on.
-- KEYS 1 the build  2 changes made meanwhile  3 epoch  4 the set under construction
-- ARGV 1 nonce of the build  2 token  3 how long the right is kept, in ms  4 how long what was built is kept, in ms
--      5 the last id that was in before this page  6 the last id that is in with it  7 'Z' board, 'G' geo
--      8... score, id, ... or longitude, latitude, id, ...
-- Returns 1 added; 0 there is no such build any more, or another has gone on with it
local epoch = redis.call('GET', KEYS[3]) or '0'
local w = redis.pcall('HMGET', KEYS[1], 'nonce', 'epoch', 'cursor')
if w.err or w[1] ~= ARGV[1] or w[2] ~= epoch or w[3] ~= ARGV[5] then
    return 0
end
local mark = redis.pcall('ZSCORE', KEYS[4], '! ' .. ARGV[1])
if not mark or type(mark) == 'table' then
    return 0
end
if #ARGV > 7 then
    redis.call(ARGV[7] == 'Z' and 'ZADD' or 'GEOADD', KEYS[4], unpack(ARGV, 8))
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', KEYS[1], 'cursor', ARGV[6], 'holder', ARGV[2], 'until', string.format('%.0f', now + ARGV[3]))
for _, key in ipairs({KEYS[1], KEYS[2], KEYS[4]}) do
    redis.call('PEXPIRE', key, ARGV[4])
end
return 1
