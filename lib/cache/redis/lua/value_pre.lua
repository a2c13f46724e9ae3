-- SPDX-License-Identifier: Apache-2.0
-- Writers announce themselves, before the store is touched: one, or (where all keys are on one server) many of different ids at once.
-- KEYS 1 value  2 quarantine  3 lease  4 sole-writer token, of each id
-- ARGV 1 token  2 quarantine in ms, of each id
-- Returns {now}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

local function announce(value, quarantine, lease, sole_writer, token, span)
    local sole, sole_ms, writers_ms = token, 2 * span, 2 * span
    redis.call('DEL', value, lease)
    if redis.call('EXISTS', quarantine, sole_writer) > 0 then -- somebody else writes, or did
        if type(redis.pcall('ZREMRANGEBYSCORE', quarantine, '-inf', now)) == 'table' then -- none of ours: announcements were lost
            redis.call('DEL', quarantine)
        end
        -- Called again with the same token (a lost answer), this says "not alone", and the writer will only delete.
        if redis.call('ZCARD', quarantine) > 0 then
            sole = '-'
        end
        sole_ms = math.max(sole_ms, redis.call('PTTL', sole_writer)) -- another's may last longer
        writers_ms = math.max(writers_ms, redis.call('PTTL', quarantine))
    end
    redis.call('SET', sole_writer, sole, 'PX', sole_ms)
    redis.call('ZADD', quarantine, now + span, token)
    redis.call('PEXPIRE', quarantine, writers_ms)
end

for i = 1, #KEYS / 4 do
    local k = 4 * i
    announce(KEYS[k - 3], KEYS[k - 2], KEYS[k - 1], KEYS[k], ARGV[2 * i - 1], tonumber(ARGV[2 * i]))
end
return {now}
