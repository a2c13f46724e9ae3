-- SPDX-License-Identifier: Apache-2.0
-- Put a built board or geo set in the place of the old one, with the changes that writers made meanwhile.
-- KEYS 1 the build  2 changes  3 epoch  4 the set under construction  5 the set
--      6 ids whose boards need a look (the epoch's key: leave them, another set hangs on them too)
-- ARGV 1 nonce of the build  2 epoch it was built in  3 ttl in ms  4 'Z' board, 'G' geo  5 when the build began
-- Returns 1 swapped, 0 something of the build was lost: it is gone, and may begin anew
local epoch = redis.call('GET', KEYS[3]) or '0'
local nonce = redis.pcall('HGET', KEYS[1], 'nonce')
if nonce ~= ARGV[1] then
    return 0
end
local noted = redis.pcall('HGET', KEYS[2], '!')
local mark = redis.pcall('ZSCORE', KEYS[4], '! ' .. nonce)
if epoch ~= ARGV[2] or noted ~= nonce or not mark or type(mark) == 'table' then
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
    return 0
end
local changes = redis.call('HGETALL', KEYS[2])
for i = 1, #changes, 2 do
    local id, text = changes[i], changes[i + 1]
    if id == '!' then
        redis.call('ZREM', KEYS[4], '! ' .. nonce)
    elseif text == '' then
        redis.call('ZREM', KEYS[4], id)
    elseif ARGV[4] == 'Z' then
        redis.call('ZADD', KEYS[4], text, id)
    else
        local lon, lat = string.match(text, '^(%S+) (%S+)$')
        redis.call('GEOADD', KEYS[4], lon, lat, id)
    end
end
-- The mark that says "whole, and of this epoch": it has the lowest score of all, on a board and (corner of the map) in a geo set.
if ARGV[4] == 'Z' then
    redis.call('ZADD', KEYS[4], '-inf', '! ' .. epoch)
else
    redis.call('GEOADD', KEYS[4], -180, -85.05112878, '! ' .. epoch)
end
redis.call('RENAME', KEYS[4], KEYS[5])
redis.call('PEXPIRE', KEYS[5], ARGV[3])
redis.call('DEL', KEYS[1], KEYS[2])
if KEYS[6] ~= KEYS[3] then -- in doubt before the build began: read from the store since
    redis.call('ZREMRANGEBYSCORE', KEYS[6], '(-' .. ARGV[5], '(' .. ARGV[5])
end
return 1
