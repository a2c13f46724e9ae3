-- SPDX-License-Identifier: Apache-2.0
-- The end of writes that store nothing: not carried out, or an import's. One, or (where all keys are on one server) many of different ids at once.
-- Sent once: what is sent again is value_drop.
-- KEYS 1 value  2 quarantine  3 lease  4 sole-writer token, of each id
-- ARGV token, of each id
-- Returns writers under way, of each id
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

local function finish(value, quarantine, lease, sole_writer, token)
    local had = redis.pcall('ZREM', quarantine, token)
    if type(had) == 'table' then -- no quarantine of ours: announcements were lost
        redis.call('DEL', quarantine)
    end
    if had ~= 1 then -- lost, or given up: writers that came after it were not alone
        redis.call('SET', sole_writer, '-', 'XX', 'KEEPTTL')
    end
    local writers = redis.call('ZCARD', quarantine)
    if writers > 0 then
        writers = writers - redis.call('ZREMRANGEBYSCORE', quarantine, '-inf', now)
    end
    if writers > 0 then
        redis.call('DEL', value, lease)
    else -- whoever announces itself next is alone, whatever stood there
        redis.call('DEL', value, lease, sole_writer)
    end
    return writers
end

local out = {}
for i, token in ipairs(ARGV) do
    local k = 4 * i
    out[i] = finish(KEYS[k - 3], KEYS[k - 2], KEYS[k - 1], KEYS[k], token)
end
return out
