-- SPDX-License-Identifier: Apache-2.0
-- Take the right to rebuild a board or geo set, keep it (the same token), or go on where another left off.
-- KEYS 1 lock  2 changes made meanwhile  3 epoch  4 the set under construction
-- ARGV 1 token  2 lock in ms  3 'new', or 'keep': only if it is still ours
-- Returns {1, epoch, begun, cursor} yours: `begun` is when the first builder began, `cursor` the last id that is in, or ''
--         {0, epoch} another builds
-- As long as the lock is there, held or left, writers note their changes; so what is built so far stays good.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local epoch = redis.call('GET', KEYS[3]) or '0'
local holder = redis.call('GET', KEYS[1])
local begun, cursor = now, ''
if ARGV[3] == 'keep' and holder ~= ARGV[1] then
    return {0, epoch}
end
if holder and holder ~= ARGV[1] then
    local left_begun, left_epoch, left_cursor = string.match(holder, '^left (%d+) (%d+) (.*)$')
    if not left_begun then
        return {0, epoch}
    end
    if left_epoch == epoch then
        begun, cursor = tonumber(left_begun), left_cursor
    end
end
if cursor == '' and holder ~= ARGV[1] then
    redis.call('DEL', KEYS[2], KEYS[4])
    redis.call('ZADD', KEYS[4], 0, '!') -- as long as this is there, nothing of the set was lost
    redis.call('PEXPIRE', KEYS[4], 60000)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, epoch, begun, cursor}
