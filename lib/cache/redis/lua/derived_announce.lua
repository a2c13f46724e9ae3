-- SPDX-License-Identifier: Apache-2.0
-- A writer announces itself, before the store is touched.
-- ARGV 1 id  2 token  3 quarantine_ms  4 soft_ms: due after that  5 fresh nonce, in case keys were lost
-- Returns {now, nonce}; refused with OOM when Redis is full. Repeated, it only lasts longer.
local id, token = need_id(ARGV[1]), need_word(ARGV[2], 'token')
local quarantine = need_number(ARGV[3], 'quarantine_ms')
local soon = now + need_number(ARGV[4], 'soft_ms')
need_word(ARGV[5], 'fresh')
local full = is_full()
if full then
    return full
end
local n = heal(ARGV[5], quarantine)
local r = record(id)
if r.tokens[token] then
    r.tokens[token] = math.max(r.tokens[token], now + quarantine)
    save(id, r)
    return {now, n}
end
if r.n >= 1000 then
    error('too many writers of one id', 0)
end
r.sole = r.n == 0 and not phantom() and token or '-'
r.tokens[token] = now + quarantine
r.n = r.n + 1
r.repair = '-' -- what a repair under way has read may be older than this write
save(id, r)
local due = tonumber(redis.call('ZSCORE', PENDING, id) or text(soon))
-- What is due stays due, and is not older than a build any more.
redis.call('ZADD', PENDING, due <= now and text(-now) or text(math.min(due, soon)), id)
return {now, n}
