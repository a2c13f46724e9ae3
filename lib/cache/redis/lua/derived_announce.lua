-- SPDX-License-Identifier: Apache-2.0
-- Writers announce themselves, before the store is touched: one, or many of different ids at once.
-- ARGV 1 id  2 token  3 quarantine_ms  4 soft_ms: due after that  5 fresh nonce, in case keys were lost  6... further ids and tokens
-- Returns {now, nonce}; refused with OOM when Redis is full. Repeated, it only lasts longer.
local quarantine = need_number(ARGV[3], 'quarantine_ms')
local soon = now + need_number(ARGV[4], 'soft_ms')
need_word(ARGV[5], 'fresh')
local ids, tokens = {}, {}
local function take(i)
    local id = need_id(ARGV[i])
    if tokens[id] then
        error('id: twice in one call', 0)
    end
    ids[#ids + 1] = id
    tokens[id] = need_word(ARGV[i + 1], 'token')
end
take(1)
for i = 6, #ARGV, 2 do
    take(i)
end
local full = is_full()
if full then
    return full
end
local n = heal(ARGV[5], quarantine)
local unsure = phantom()
local records, pending = {}, {}
for _, id in ipairs(ids) do
    local token, r = tokens[id], record(id)
    if r.tokens[token] then
        r.tokens[token] = math.max(r.tokens[token], now + quarantine)
    elseif r.n >= 1000 then
        error('too many writers of one id', 0)
    else
        r.sole = r.n == 0 and not unsure and token or '-'
        r.tokens[token] = now + quarantine
        r.n = r.n + 1
        r.repair = '-' -- what a repair under way has read may be older than this write
        local due = tonumber(redis.call('ZSCORE', PENDING, id) or text(soon))
        -- What is due stays due, and is not older than a build any more.
        pending[#pending + 1] = due <= now and text(-now) or text(math.min(due, soon))
        pending[#pending + 1] = id
    end
    records[#records + 1] = id
    records[#records + 1] = spell(r)
end
with_all('HSET', ANNOUNCED, records)
with_all('ZADD', PENDING, pending)
return {now, n}
