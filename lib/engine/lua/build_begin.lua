-- SPDX-License-Identifier: Apache-2.0
-- Take the right to rebuild a board or geo set, or keep it (the same token).
-- KEYS 1 lock  2 changes made meanwhile  3 epoch  4 the set under construction
-- ARGV 1 token  2 lock in ms
-- Returns {1, epoch} yours, {0, epoch} another builds
local epoch = redis.call('GET', KEYS[3]) or '0'
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
    return {0, epoch}
end
if not holder then
    redis.call('DEL', KEYS[2], KEYS[4])
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, epoch}
