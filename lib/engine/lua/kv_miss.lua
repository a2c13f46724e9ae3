-- SPDX-License-Identifier: Apache-2.0
-- A reader of a string key found nothing it can use: look once more, then say who may load.
-- KEYS 1 value  2 stamp  3 lease
-- ARGV 1 token  2 lease in ms  3 stamp the reader rejected, or ''
-- Returns {'V', now, value, stamp} there now   {'W', now, holder} another loads   {'L', now} yours is the lease: load and fill
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function text(key)
    local v = redis.pcall('GET', key)
    if type(v) == 'table' then -- a key of another type stands there
        redis.call('DEL', key)
        return false
    end
    return v
end
local value = text(KEYS[1])
local stamp = text(KEYS[2])
if stamp and stamp == ARGV[3] then -- together: a value without its stamp would pass for somebody's own
    redis.call('DEL', KEYS[1], KEYS[2])
elseif value or stamp then
    return {'V', now, value, stamp}
end
local holder = redis.call('GET', KEYS[3])
if holder and holder ~= ARGV[1] then
    return {'W', now, holder}
end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
return {'L', now}
