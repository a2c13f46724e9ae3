-- SPDX-License-Identifier: Apache-2.0
-- The end of a load (fill) or of a write (post): store the value if that is safe. Sent once: what is sent again is value_drop.
-- KEYS 1 value  2 quarantine  3 lease  4 sole-writer token
-- ARGV 1 'F' fill, 'P' post, 'R' give the lease of a load that failed back  2 token  3 ttl in ms (0: store nothing)  4... field, value, ... ('$', value: a string)
-- Returns {1, writers under way, 0} done; {0, writers under way, 1 when Redis is full} refused (a fill), or deleted only (a post)
-- The value's epoch is that of before the store was asked; readers compare it with the present one.

-- Where no value is: an error when Redis takes none.
local function store()
    if ARGV[3] == '0' then
        return nil
    end
    if ARGV[4] == '$' then
        return redis.pcall('SET', KEYS[1], ARGV[5], 'PX', ARGV[3]).err
    end
    local done = redis.pcall('HSET', KEYS[1], unpack(ARGV, 4))
    if type(done) == 'table' then
        return done.err
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return nil
end

-- The usual end, in few commands: nothing is in the way. When Redis takes no value, nothing has been done, and the long way says why.
if ARGV[1] == 'F' then
    if redis.call('EXISTS', KEYS[1], KEYS[2]) == 0 and redis.pcall('GET', KEYS[3]) == ARGV[2] and not store() then
        redis.call('DEL', KEYS[3])
        return {1, 0, 0}
    end
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[1] == 'P' and redis.call('EXISTS', KEYS[1], KEYS[3]) == 0 then
    local w = redis.pcall('ZRANGE', KEYS[2], 0, 1, 'WITHSCORES')
    if #w == 2 and w[1] == ARGV[2] and tonumber(w[2]) > now and redis.pcall('GET', KEYS[4]) == ARGV[2] and not store() then
        redis.call('DEL', KEYS[2], KEYS[4])
        return {1, 0, 0}
    end
end

local post = ARGV[1] == 'P'
local mine
-- A Redis that is full (maxmemory, no eviction) is asked first: after a deletion scripts are not refused any more.
local probe = redis.pcall('SETRANGE', KEYS[3], 0, '')
local full = type(probe) == 'table' and probe.err ~= nil and string.find(probe.err, 'OOM', 1, true) ~= nil
if type(redis.pcall('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)) == 'table' then -- no quarantine of ours: announcements were lost
    redis.call('DEL', KEYS[2])
end
if post then
    local had = redis.call('ZREM', KEYS[2], ARGV[2])
    mine = had == 1 and redis.pcall('GET', KEYS[4]) == ARGV[2]
    if had == 0 then -- Redis lost our announcement (restart, flush): writers that came after it were not alone
        redis.call('SET', KEYS[4], '-', 'XX', 'KEEPTTL')
    end
    redis.call('DEL', KEYS[3])
else
    mine = redis.pcall('GET', KEYS[3]) == ARGV[2]
    if mine then
        redis.call('DEL', KEYS[3])
    end
end
if ARGV[1] == 'R' then
    return {0, 0, 0}
end
local writers = redis.call('ZCARD', KEYS[2])
if not mine or writers > 0 or full then
    if post then
        redis.call('DEL', KEYS[1])
    end
    return {0, writers, full and 1 or 0}
end
redis.call('DEL', KEYS[1])
if post then
    redis.call('DEL', KEYS[4])
end
local refused = store()
if refused then
    return {err = refused}
end
return {1, 0, 0}
