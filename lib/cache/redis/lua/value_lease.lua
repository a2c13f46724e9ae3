-- SPDX-License-Identifier: Apache-2.0
-- A reader found none of many ids: which of them may it load? Only where nothing is in the way; about the others it asks value_miss.
-- KEYS the values of all ids, then their quarantines, leases
-- ARGV 1 lease in ms  2... token of each id
-- Returns now, then of each id: 1 yours is the lease: load and fill; 0 ask value_miss
local t = redis.call('TIME')
local n = #KEYS / 3
local out = {t[1] * 1000 + math.floor(t[2] / 1000)}
local free = redis.call('EXISTS', unpack(KEYS)) == 0
for i = 1, n do
    local lease = KEYS[2 * n + i]
    local nothing = free or redis.call('EXISTS', KEYS[i], KEYS[n + i], lease) == 0
    out[i + 1] = nothing and not redis.pcall('SET', lease, ARGV[i + 1], 'PX', ARGV[1]).err and 1 or 0
end
return out
