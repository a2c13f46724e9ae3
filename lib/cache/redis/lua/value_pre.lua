-- SPDX-License-Identifier: Apache-2.0
-- A writer announces itself, before the store is touched: for one id, or (where all keys are on one server) for many at once.
-- KEYS the values of all ids, then their leases, quarantines, sole-writer tokens
-- ARGV 1 token  2 quarantine in ms  3 how many of the ids, the first ones, it may store a value of in the end
-- Returns {now}
-- Who will not store a value needs no sole-writer token; it takes the others'.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local token, span, storing = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local n = #KEYS / 4
redis.call('DEL', unpack(KEYS, 1, 2 * n)) -- first: after a deletion a full Redis refuses nothing more
local others = redis.call('EXISTS', unpack(KEYS, 2 * n + 1)) > 0

-- Somebody else writes this one, or did.
local function join(quarantine, sole_writer, stores)
    if type(redis.pcall('ZREMRANGEBYSCORE', quarantine, '-inf', now)) == 'table' then -- none of ours: announcements were lost
        redis.call('DEL', quarantine)
    end
    -- Called again with the same token (a lost answer), this says "not alone", and the writer will only delete.
    local sole = redis.call('ZCARD', quarantine) > 0 and '-' or token
    if stores then -- another's may last longer
        redis.call('SET', sole_writer, sole, 'PX', math.max(2 * span, redis.call('PTTL', sole_writer)))
    else
        redis.call('SET', sole_writer, '-', 'XX', 'KEEPTTL')
    end
    local writers_ms = math.max(2 * span, redis.call('PTTL', quarantine))
    redis.call('ZADD', quarantine, now + span, token)
    redis.call('PEXPIRE', quarantine, writers_ms)
end

local first -- a quarantine with this writer in it and nobody else
for i = 1, n do
    local quarantine, sole_writer = KEYS[2 * n + i], KEYS[3 * n + i]
    if others and redis.call('EXISTS', quarantine, sole_writer) > 0 then
        join(quarantine, sole_writer, i <= storing)
    else
        if i <= storing then
            redis.call('SET', sole_writer, token, 'PX', 2 * span)
        end
        if not first or type(redis.pcall('COPY', first, quarantine)) == 'table' then -- one command, unless the account may not
            redis.call('ZADD', quarantine, now + span, token)
            redis.call('PEXPIRE', quarantine, 2 * span)
            first = quarantine
        end
    end
end
return {now}
