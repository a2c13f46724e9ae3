-- SPDX-License-Identifier: Apache-2.0
-- The end of an announced write, or of many of different ids that were announced at once. Sent once: what is sent again after a lost answer is
-- derived_tell.
-- ARGV 1 id  2 token  3 nonce of the announcement  4 its time  5 quarantine_ms  6 'P' carried out, 'A' not carried out
--      7 'Z' score, 'G' longitude and latitude  8 fresh nonce  9... place: '' (in no set) or score or longitude, latitude
--      then, of each further write: id, token, 'P' or 'A', place
-- Returns {1, writers left} settled; {0, writers left} it is due, and its place is to be read from the store; in order, two numbers a write.
-- A full Redis does not refuse this: the place is then left to a repair.

-- The usual end, in few commands: of one write that was carried out, of an id that nobody else wrote meanwhile. When Redis is full, or anything
-- else is in the way, nothing has been done, and the long way says why.
local score_or_cell, at, span = ARGV[7], tonumber(ARGV[4]), tonumber(ARGV[5])
local function add(key, id)
    local done = score_or_cell == 'Z' and redis.pcall('ZADD', key, ARGV[9], id) or redis.pcall('GEOADD', key, ARGV[9], ARGV[10], id)
    return type(done) == 'number'
end
if ARGV[6] == 'P' and #ARGV == (score_or_cell == 'Z' and 9 or score_or_cell == 'G' and 10 or 0) and at and span and now < at + span and
    #ARGV[9] <= 24 and string.find(ARGV[8], '^[%w.]+$') and string.find(ARGV[9] .. (ARGV[10] or ''), '^%-?%d+%.?%d*%-?%d*%.?%d*$') then
    local id, token, n = ARGV[1], ARGV[2], ARGV[3]
    local kept = redis.pcall('HMGET', ANNOUNCED, '! ', id)
    if kept[1] == n and kept[2] == string.format('%s - 0000000000000 0 %s %.0f', token, token, at + span) and
        redis.pcall('ZSCORE', PENDING, '! ' .. n) == 'inf' then
        local whole = redis.pcall('ZMSCORE', SET, '! ' .. n, '~ ' .. n)
        local built = redis.pcall('ZSCORE', NEW, '@ ' .. n) -- false, a score, or an error
        if not whole.err and type(built) ~= 'table' and (whole[1] or whole[2] or built) and (not (whole[1] or whole[2]) or add(SET, id)) and
            (not built or add(NEW, id)) then
            redis.call('ZREM', PENDING, id)
            redis.call('HDEL', ANNOUNCED, id)
            return {1, 0}
        end
    end
end
-- derived_common.lua
local announced_at, quarantine = need_number(ARGV[4], 'announced_at'), need_number(ARGV[5], 'quarantine_ms')
local kind = need_kind(ARGV[7])
local ids, tokens, modes, places, named = {}, {}, {}, {}, {}
local count = 0
local function take(id, token, mode, i)
    if named[need_id(id)] then
        error('id: twice in one call', 0)
    end
    named[id] = true
    count = count + 1
    ids[count], tokens[count] = id, need_word(token, 'token')
    modes[count] = (mode == 'P' or mode == 'A') and mode or error('mode: neither P nor A', 0)
    places[count], i = place_at(i, kind)
    return i
end
local at = take(ARGV[1], ARGV[2], ARGV[6], 9)
while at <= #ARGV do
    at = take(ARGV[at], ARGV[at + 1], ARGV[at + 2], at + 3)
end
need_word(ARGV[8], 'fresh')
local full = is_full()
come_through()
local n = heal(ARGV[8], quarantine)
local kept = redis.call('HMGET', ANNOUNCED, unpack(ids))
local out, settled, placed, placed_at = {}, {}, {}, {}
local lone = {} -- what is left of a record with this token alone, by both
for i = 1, count do
    local id, token, mode = ids[i], tokens[i], modes[i]
    local known = kept[i] and kept[i] .. token
    local r = lone[known]
    if not r then
        r = understand(kept[i])
        r.had = r.tokens[token] ~= nil and n == ARGV[3] and now < announced_at + quarantine
        if r.tokens[token] then
            r.tokens[token] = nil
            r.n = r.n - 1
        end
        r.repair = '-'
        if known and r.n == 0 and not full then
            lone[known] = r
        end
    end
    local alone = r.had and r.sole == token and not (mode == 'P' and full)
    if not alone then -- not announced, overlapped, or no room
        due_at_once(id, r)
    else
        if mode == 'P' then
            placed[#placed + 1] = id
            placed_at[#placed] = places[i]
            settled[#settled + 1] = id
        elseif tonumber(redis.call('ZSCORE', PENDING, id) or 0) >= 0 then -- nothing was changed: the entry is ours, unless it was due before
            settled[#settled + 1] = id
        end
        save(id, r)
    end
    out[2 * i - 1], out[2 * i] = alone and 1 or 0, r.n
end
apply(n, placed, placed_at)
with_all('ZREM', PENDING, settled)
write()
return out
