-- SPDX-License-Identifier: Apache-2.0
-- A writer announces itself, before the store is touched.
-- KEYS 1 value  2 quarantine  3 lease  4 sole-writer token
-- ARGV 1 token  2 quarantine in ms
-- Returns {now}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local span = tonumber(ARGV[2])
redis.call('DEL', KEYS[1], KEYS[3])
if type(redis.pcall('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)) == 'table' then -- no quarantine of ours: announcements were lost
    redis.call('DEL', KEYS[2])
end
-- Called again with the same token (a lost answer), this says "not alone", and the writer will only delete.
local alone = redis.call('ZCARD', KEYS[2]) == 0
redis.call('SET', KEYS[4], alone and ARGV[1] or '-', 'PX', math.max(2 * span, redis.call('PTTL', KEYS[4])))
redis.call('ZADD', KEYS[2], now + span, ARGV[1])
redis.call('PEXPIRE', KEYS[2], math.max(2 * span, redis.call('PTTL', KEYS[2]))) -- another's may last longer
return {now}
