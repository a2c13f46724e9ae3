-- SPDX-License-Identifier: Apache-2.0
-- A read found nothing it can use: look once more, then say who may load.
-- KEYS 1 value  2 quarantine  3 lease  4 sole-writer token: always all four, of one hash tag
-- ARGV 1 token  2 lease in ms
--      3 what the reader rejected: its metadata (the first 42 bytes of the first field; '$': all of it), '!SIZE': what has so many bytes, or ''
--      4... fields to fetch ('$': the value is a string)
-- Returns {'V', now, fields} value there         {'Q', now} a write is under way: load, do not fill
--         {'W', now, holder} another loads       {'L', now} yours is the lease: load and fill
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3]) > 0 then -- else there is nothing to look at
    local want = ARGV[4] == '$' and 'string' or 'hash'
    local kind = redis.call('TYPE', KEYS[1]).ok
    local size = tonumber(string.match(ARGV[3], '^!(%d+)$'))
    if kind == want and size then -- it is not sent again to be recognised: as large as that, it goes
        local bytes = 0
        for i = 4, #ARGV do
            bytes = bytes + (want == 'hash' and redis.call('HSTRLEN', KEYS[1], ARGV[i]) or redis.call('STRLEN', KEYS[1]))
        end
        if bytes >= size then
            redis.call('DEL', KEYS[1])
            kind = 'none'
        end
    end
    if kind == want then
        local found = want == 'hash' and redis.call('HMGET', KEYS[1], unpack(ARGV, 4)) or {redis.call('GET', KEYS[1])}
        if found[1] and (want == 'hash' and string.sub(found[1], 1, 42) or found[1]) ~= ARGV[3] then
            return {'V', now, found}
        end
    end
    if kind ~= 'none' then
        redis.call('DEL', KEYS[1])
    end
    if type(redis.pcall('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)) == 'table' then -- no quarantine of ours: announcements were lost
        redis.call('DEL', KEYS[2])
    end
    if redis.call('ZCARD', KEYS[2]) > 0 then
        return {'Q', now}
    end
    local long = redis.pcall('STRLEN', KEYS[3])
    if type(long) == 'table' or (long > 0 and long ~= #ARGV[1]) then -- no lease of ours: it would keep everybody waiting
        redis.call('DEL', KEYS[3])
        long = 0
    end
    local holder = long > 0 and redis.call('GET', KEYS[3])
    if holder and holder ~= ARGV[1] then
        return {'W', now, holder}
    end
end
if redis.pcall('SET', KEYS[3], ARGV[1], 'PX', ARGV[2]).err then -- full? A script that has deleted is not refused any more: a lease is small
    redis.call('DEL', KEYS[3])
    redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
end
return {'L', now}
