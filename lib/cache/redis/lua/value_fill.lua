-- SPDX-License-Identifier: Apache-2.0
-- The ends of many loads of different ids, as value_put 'F' is of one: each value is stored if that is safe.
-- KEYS the values of all ids, then their quarantines, leases
-- ARGV of each id: token, ttl in ms (0: store nothing), field, value, ..., ''
-- Returns of each id: 1 done, 0 refused, 2 refused since Redis is full
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local n = #KEYS / 3
local quiet = redis.call('EXISTS', unpack(KEYS, 1, 2 * n)) == 0
local leases = redis.call('MGET', unpack(KEYS, 2 * n + 1))

-- Nobody writes it; what stands there goes.
local function is_quiet(value, quarantine)
    if type(redis.pcall('ZREMRANGEBYSCORE', quarantine, '-inf', now)) == 'table' then -- no quarantine of ours: announcements were lost
        redis.call('DEL', quarantine)
    end
    return redis.call('ZCARD', quarantine) == 0 and redis.call('DEL', value) >= 0
end

local out, ended = {}, {}
local at, last = 1, #ARGV
for i = 1, n do
    local value, token, ttl, first = KEYS[i], ARGV[at], ARGV[at + 1], at + 2
    at = first
    while at < last and ARGV[at] ~= '' do
        at = at + 2
    end
    out[i] = 0
    if leases[i] == token then
        ended[#ended + 1] = KEYS[2 * n + i]
        if quiet or is_quiet(value, KEYS[n + i]) then
            out[i] = 1
            local done = ttl ~= '0' and redis.pcall('HSET', value, unpack(ARGV, first, at - 1))
            if type(done) == 'table' then
                if not string.find(done.err, 'OOM', 1, true) then
                    return done
                end
                out[i] = 2
            elseif done then
                redis.call('PEXPIRE', value, ttl)
            end
        end
    end
    at = at + 1
end
if #ended > 0 then
    redis.call('DEL', unpack(ended))
end
return out
