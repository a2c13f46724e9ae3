-- SPDX-License-Identifier: Apache-2.0
-- The end of a load (fill) or of a write (post): store the value if that is safe, and with it the board and the geo set.
-- KEYS 1 value  2 quarantine  3 lease  4 solo  5 epoch  6 ids whose boards need a look  7 board  8 geo
--      (the epoch's key stands for "none": an account that may only touch its own keys refuses an empty one)
-- ARGV 1 'F' fill, 'P' post, 'A' post of a write that was not carried out,
--        'R' give the lease of a load that failed back  2 token  3 ttl in ms (0: store nothing)  4 id  5 epoch of the envelope
--      6 score or '' (off the board)  7 longitude or ''  8 latitude  9... field, value, ... ('$', value: a string)
-- Returns {1, writers under way} done; {0, writers under way, 1 when Redis is full} refused (a fill), or deleted only (a post)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local post = ARGV[1] == 'P' or ARGV[1] == 'A'
local epoch = redis.call('GET', KEYS[5]) or '0'
local mine, alone
-- A Redis that is full (maxmemory, no eviction) is asked first: after a deletion scripts are not refused any more.
local probe = redis.pcall('SETRANGE', KEYS[3], 0, '')
local full = type(probe) == 'table' and probe.err ~= nil and string.find(probe.err, 'OOM', 1, true) ~= nil
if type(redis.pcall('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)) == 'table' then -- no quarantine of ours: announcements were lost
    redis.call('DEL', KEYS[2])
end
if post then
    local had = redis.call('ZREM', KEYS[2], ARGV[2])
    alone = had == 1 and redis.pcall('GET', KEYS[4]) == ARGV[2] and ARGV[5] == epoch
    mine = ARGV[1] == 'P' and alone
    if had == 0 then -- Redis lost our announcement (restart, flush): writers that came after it were not alone
        redis.call('SET', KEYS[4], '-', 'XX', 'KEEPTTL')
    end
    redis.call('DEL', KEYS[3])
else
    mine = redis.pcall('GET', KEYS[3]) == ARGV[2]
    if mine then
        redis.call('DEL', KEYS[3])
        mine = ARGV[5] == epoch -- loaded before everything was invalidated: not for the boards either
    end
end
if ARGV[1] == 'R' then
    return {0, 0}
end
local writers = redis.call('ZCARD', KEYS[2])
if not mine or writers > 0 or full then
    if post then
        redis.call('DEL', KEYS[1])
        if KEYS[6] ~= KEYS[5] then
            if ARGV[1] == 'P' or not alone or writers > 0 then -- nobody knows the last word: let it be read from the store
                redis.pcall('ZADD', KEYS[6], -now, ARGV[4]) -- negative: due at once
            elseif tonumber(redis.call('ZSCORE', KEYS[6], ARGV[4]) or 0) > now then -- nothing was changed, the mark is ours
                redis.call('ZREM', KEYS[6], ARGV[4])
            end
        end
    end
    return {0, writers, full and 1 or 0}
end
redis.call('DEL', KEYS[1])
if post then
    redis.call('DEL', KEYS[4])
end

-- Keep one derived set in step: in place when it is whole and of this epoch, and in the list of changes that a rebuild applies.
local function derive(key, text, apply)
    if redis.call('EXISTS', 'mfc:b:' .. key) == 1 then
        local noted = redis.pcall('HSET', 'mfc:d:' .. key, ARGV[4], text)
        if type(noted) == 'table' then -- no list of changes: the build that misses it begins anew
            redis.call('DEL', 'mfc:d:' .. key)
        end
        redis.call('PEXPIRE', 'mfc:d:' .. key, 3600000)
    end
    local whole = redis.pcall('ZSCORE', key, '! ' .. epoch)
    if type(whole) == 'table' and whole.err then
        redis.call('DEL', key)
    elseif whole then
        apply(key)
    end
end
if KEYS[7] ~= KEYS[5] then
    local score = ARGV[6]
    derive(KEYS[7], score, function(key)
        if score ~= '' then
            redis.call('ZADD', key, score, ARGV[4])
        else
            redis.call('ZREM', key, ARGV[4])
        end
    end)
end
if KEYS[8] ~= KEYS[5] then
    local lon, lat = ARGV[7], ARGV[8]
    derive(KEYS[8], lon ~= '' and lon .. ' ' .. lat or '', function(key)
        if lon ~= '' then
            redis.call('GEOADD', key, lon, lat, ARGV[4])
        else
            redis.call('ZREM', key, ARGV[4])
        end
    end)
end
if KEYS[6] ~= KEYS[5] then
    redis.pcall('ZREM', KEYS[6], ARGV[4])
end
if ARGV[3] ~= '0' then
    if ARGV[9] == '$' then
        redis.call('SET', KEYS[1], ARGV[10], 'PX', ARGV[3])
    else
        redis.call('HSET', KEYS[1], unpack(ARGV, 9))
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
    end
end
return {1, 0}
