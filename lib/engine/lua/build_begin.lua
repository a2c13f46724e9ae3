-- SPDX-License-Identifier: Apache-2.0
-- Take the right to build a board or geo set for a moment: a new build, or one that another began and does not go on with.
-- KEYS 1 the build  2 changes made meanwhile  3 epoch  4 the set under construction
-- ARGV 1 token  2 how long the right is kept, in ms  3 how long what was built is kept, in ms
-- Returns {1, epoch, begun, nonce, cursor} yours: `begun` is when the first builder began, `cursor` the last id that is in, or ''
--         {0, epoch} another builds
-- As long as the build is there, held or left, writers note their changes; so what is built so far stays good. Whatever of the three
-- keys was lost or replaced ends the build: its nonce stands in all of them.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local epoch = redis.call('GET', KEYS[3]) or '0'
for key, kind in pairs({[KEYS[1]] = 'hash', [KEYS[2]] = 'hash', [KEYS[4]] = 'zset'}) do
    local is = redis.call('TYPE', key).ok
    if is ~= kind and is ~= 'none' then
        redis.call('DEL', key)
    end
end
local w = redis.call('HMGET', KEYS[1], 'nonce', 'epoch', 'begun', 'cursor', 'holder', 'until')
local nonce, begun, cursor, holder = w[1], w[3], w[4], w[5]
local whole = nonce and begun and cursor and w[2] == epoch and redis.call('HGET', KEYS[2], '!') == nonce and
    redis.call('ZSCORE', KEYS[4], '! ' .. nonce)
if whole and holder and holder ~= ARGV[1] and (tonumber(w[6]) or 0) > now then
    return {0, epoch}
end
if not whole then
    nonce, begun, cursor = ARGV[1], string.format('%.0f', now), ''
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
    redis.call('HSET', KEYS[2], '!', nonce)
    redis.call('ZADD', KEYS[4], 0, '! ' .. nonce)
    redis.call('HSET', KEYS[1], 'nonce', nonce, 'epoch', epoch, 'begun', begun, 'cursor', cursor)
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]))
for _, key in ipairs({KEYS[1], KEYS[2], KEYS[4]}) do
    redis.call('PEXPIRE', key, ARGV[3])
end
return {1, epoch, begun, nonce, cursor}
