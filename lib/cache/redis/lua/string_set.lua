-- SPDX-License-Identifier: Apache-2.0
-- The end of a load of a string key: set it and its metadata, if that is still allowed. (A put needs to ask nothing, and is a transaction of plain commands.)
-- KEYS 1 value  2 metadata  3 lease
-- ARGV 1 'S' set where nothing is and nobody loads, without a lease; 'F' fill, 'N' fill with "there is none", 'R' give the lease of a load that failed back
--      2 token  3 ttl in ms  4 metadata  5 value
-- Returns 1 done, 0 refused
local mode = ARGV[1]
if mode == 'S' then
    if redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3]) > 0 then
        return 0
    end
    mode = 'F'
    redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
end
if redis.call('GET', KEYS[3]) ~= ARGV[2] then
    return 0
end
if mode == 'R' or redis.call('EXISTS', KEYS[1]) == 1 then -- another client's own SET came between: it is newer
    redis.call('DEL', KEYS[3])
    return 0
end
local done = {ok = 'OK'}
if mode == 'F' then
    done = redis.pcall('SET', KEYS[1], ARGV[5], 'PX', ARGV[3])
end
if not done.err then -- the metadata goes last: a value without its metadata would pass for a client's own
    local ttl = mode == 'N' and ARGV[3] or ARGV[3] + 1000
    done = redis.pcall('SET', KEYS[2], ARGV[4], 'PX', string.format('%.0f', ttl))
end
redis.call('DEL', KEYS[3])
return done.err and 0 or 1
