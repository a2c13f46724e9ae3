-- SPDX-License-Identifier: Apache-2.0
-- Drop a value so that neither a load nor a writer under way can bring back what was there.
-- KEYS 1 value  2 lease  3 solo  4 ids whose boards need a look (the epoch's key: none)  5 epoch
-- ARGV 1 field to tell before it is gone, or ''  2 id
-- Returns the field, or nil
local told = false
if ARGV[1] ~= '' and redis.call('TYPE', KEYS[1]).ok == 'hash' then
    told = redis.call('HGET', KEYS[1], ARGV[1])
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SET', KEYS[3], '-', 'XX', 'KEEPTTL') -- writers under way are not alone any more: they will only delete
if KEYS[4] ~= KEYS[5] then
    local t = redis.call('TIME')
    local kind = redis.call('TYPE', KEYS[4]).ok
    if kind ~= 'zset' and kind ~= 'none' then
        redis.call('DEL', KEYS[4])
    end
    -- Negative: due at once by any clock, and still telling a rebuild which doubts are older than itself.
    redis.call('ZADD', KEYS[4], -(t[1] * 1000 + math.floor(t[2] / 1000)), ARGV[2])
end
return told
