-- SPDX-License-Identifier: Apache-2.0
-- A writer announces itself, before the store is touched.
-- KEYS 1 value  2 quarantine  3 lease  4 sole-writer token
-- ARGV 1 token  2 quarantine in ms
-- Returns {now}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local span = tonumber(ARGV[2])
local sole, sole_ms, writers_ms = ARGV[1], 2 * span, 2 * span
redis.call('DEL', KEYS[1], KEYS[3])
if redis.call('EXISTS', KEYS[2], KEYS[4]) > 0 then -- somebody else writes, or did
    if type(redis.pcall('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)) == 'table' then -- no quarantine of ours: announcements were lost
        redis.call('DEL', KEYS[2])
    end
    -- Called again with the same token (a lost answer), this says "not alone", and the writer will only delete.
    if redis.call('ZCARD', KEYS[2]) > 0 then
        sole = '-'
    end
    sole_ms = math.max(sole_ms, redis.call('PTTL', KEYS[4])) -- another's may last longer
    writers_ms = math.max(writers_ms, redis.call('PTTL', KEYS[2]))
end
redis.call('SET', KEYS[4], sole, 'PX', sole_ms)
redis.call('ZADD', KEYS[2], now + span, ARGV[1])
redis.call('PEXPIRE', KEYS[2], writers_ms)
return {now}
