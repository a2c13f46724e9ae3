-- SPDX-License-Identifier: Apache-2.0
-- A reader of a string key found nothing it can use: look once more, then say who may load.
-- KEYS 1 value  2 metadata  3 lease
-- ARGV 1 token  2 lease in ms  3 metadata the reader rejected, '!SIZE': what has so many bytes, or ''
--      4 '1': the key is named to the letter, and shared with other clients; then 3 may go on with '=' and the value that was rejected
-- Returns {'V', now, value, metadata} there now   {'W', now, holder} another loads   {'L', now} yours is the lease: load and fill
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local shared = ARGV[4] == '1'
local function text(key)
    local v = redis.pcall('GET', key)
    if type(v) == 'table' then -- a key of another type
        if not (shared and key == KEYS[1]) then
            redis.call('DEL', key)
        end
        return false
    end
    return v
end
local size = tonumber(string.match(ARGV[3], '^!(%d+)$'))
if size then -- it is not sent again to be recognised
    local function bytes(key)
        local n = redis.pcall('STRLEN', key)
        return type(n) == 'number' and n or 0
    end
    if shared then
        if bytes(KEYS[2]) >= size then
            redis.call('DEL', KEYS[2])
        end
    elseif bytes(KEYS[1]) + bytes(KEYS[2]) >= size then
        redis.call('DEL', KEYS[1], KEYS[2])
    end
end
local value = text(KEYS[1])
local metadata = text(KEYS[2])
local rejected = metadata and metadata == ARGV[3]
if shared then -- by now the value may be another client's newer one: it has to be the same, or still none
    rejected = metadata and ARGV[3] == (value and metadata .. '=' .. value or metadata)
end
if rejected then -- together: a value without its metadata would pass for a client's own
    redis.call('DEL', KEYS[1], KEYS[2])
elseif value or metadata then
    return {'V', now, value, metadata}
end
local long = redis.pcall('STRLEN', KEYS[3])
if type(long) == 'table' or (long > 0 and long ~= #ARGV[1]) then -- no lease of ours: it would keep all waiting
    redis.call('DEL', KEYS[3])
    long = 0
end
local holder = long > 0 and redis.call('GET', KEYS[3])
if holder and holder ~= ARGV[1] then
    return {'W', now, holder}
end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
return {'L', now}
