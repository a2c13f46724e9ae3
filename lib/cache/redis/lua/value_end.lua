-- SPDX-License-Identifier: Apache-2.0
-- The end of writes that store nothing: not carried out, or an import's. One, or (where all keys are on one server) many of different ids at once.
-- Sent once: what is sent again is value_drop.
-- KEYS as of value_pre
-- ARGV 1 token
-- Returns writers under way, of each id
local token = ARGV[1]
local n = #KEYS / 4
local out = {}
for i = 1, n do
    out[i] = 0
end

-- Is this writer in each quarantine, and nobody else in any?
local function alone()
    local all
    if n == 1 then
        all = redis.pcall('ZRANGE', KEYS[3], 0, 1)
    else
        all = redis.call('EXISTS', unpack(KEYS, 2 * n + 1, 3 * n)) == n and redis.pcall('ZUNION', n, unpack(KEYS, 2 * n + 1, 3 * n)) or {}
    end
    return #all == 1 and all[1] == token
end

if alone() then -- as nearly all: with the last writer everything goes
    redis.call('DEL', unpack(KEYS))
    return out
end

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

local function finish(value, lease, quarantine, sole_writer)
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

for i = 1, n do
    out[i] = finish(KEYS[i], KEYS[n + i], KEYS[2 * n + i], KEYS[3 * n + i])
end
return out
