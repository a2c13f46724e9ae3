-- SPDX-License-Identifier: Apache-2.0
-- Writers announce themselves, before the store is touched: one, or many of different ids at once.
-- ARGV 1 id  2 token  3 quarantine_ms  4 soft_ms: due after that  5 fresh nonce, in case keys were lost  6... further ids and tokens
-- Returns {now, nonce}; refused with OOM when Redis is full. Repeated, it only lasts longer.

-- The usual one, in few commands: one writer of an id that nobody else writes or repairs. When Redis is
-- full, or anything else is in the way, nothing has been done, and the long way says why.
local word = '^[%w.]+$'
if #ARGV == 5 and string.find(ARGV[1], '^%w+$') and string.find(ARGV[2], word) and #ARGV[2] <= 64 and string.find(ARGV[5], word) and
    #ARGV[5] <= 64 and string.find(ARGV[3] .. ARGV[4], '^%d+$') and #ARGV[3] + #ARGV[4] <= 15 then
    local id, token = ARGV[1], ARGV[2]
    local kept = redis.pcall('HMGET', ANNOUNCED, '! ', id)
    local dues = kept[1] and not kept[2] and redis.pcall('ZMSCORE', PENDING, '! ' .. kept[1], '?', id)
    if dues and dues[1] == 'inf' and tonumber(dues[2] or 0) <= now then
        local due, soon = dues[3] and tonumber(dues[3]), now + ARGV[4]
        local record = string.format('%s - 0000000000000 0 %s %.0f', token, token, now + ARGV[3])
        if type(redis.pcall('HSET', ANNOUNCED, id, record)) == 'number' then
            -- What is due stays due, and is not older than a build any more.
            redis.call('ZADD', PENDING, string.format('%.0f', not due and soon or due <= now and -now or math.min(due, soon)), id)
            return {now, kept[1]}
        end
    end
end
-- derived_common.lua
local quarantine = need_number(ARGV[3], 'quarantine_ms')
local soon = now + need_number(ARGV[4], 'soft_ms')
need_word(ARGV[5], 'fresh')
local ids, tokens, named = {need_id(ARGV[1])}, {need_word(ARGV[2], 'token')}, {[ARGV[1]] = true}
local count = 1
for i = 6, #ARGV, 2 do
    local id = need_id(ARGV[i])
    if named[id] then
        error('id: twice in one call', 0)
    end
    named[id] = true
    count = count + 1
    ids[count], tokens[count] = id, need_word(ARGV[i + 1], 'token')
end
local full = is_full()
if full then
    return full
end
local n = heal(ARGV[5], quarantine)
local unsure = phantom()
local kept, dues = redis.call('HMGET', ANNOUNCED, unpack(ids)), redis.call('ZMSCORE', PENDING, unpack(ids))
local records, pending = {}, {}
local lone = {} -- the record of an id that nobody else writes, by token

-- A record with one writer more in it.
local function joined(r, token)
    if r.n >= 1000 then
        error('too many writers of one id', 0)
    end
    r.sole = r.n == 0 and not unsure and token or '-'
    r.tokens[token] = now + quarantine
    r.n = r.n + 1
    r.repair = '-' -- what a repair under way has read may be older than this write
    return spell(r)
end

local soon_text = text(soon)
for i = 1, count do
    local id, token, r, again = ids[i], tokens[i], nil, nil
    local spelled = not kept[i] and lone[token]
    if not spelled then
        r = understand(kept[i])
        again = r.tokens[token]
        if again then
            r.tokens[token] = math.max(again, now + quarantine)
            spelled = spell(r)
        else
            spelled = joined(r, token)
            lone[token] = not kept[i] and spelled or lone[token]
        end
    end
    records[2 * i - 1], records[2 * i] = id, spelled
    if not again then
        local due = dues[i] and tonumber(dues[i])
        -- What is due stays due, and is not older than a build any more.
        pending[#pending + 1] = not due and soon_text or due <= now and text(-now) or text(math.min(due, soon))
        pending[#pending + 1] = id
    end
end
with_all('HSET', ANNOUNCED, records)
with_all('ZADD', PENDING, pending)
return {now, n}
