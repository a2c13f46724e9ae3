-- SPDX-License-Identifier: Apache-2.0
-- The end of an announced write, or of many of different ids that were announced at once. Sent once: what is sent again after a lost answer is
-- derived_tell.
-- ARGV 1 id  2 token  3 nonce of the announcement  4 its time  5 quarantine_ms  6 'P' carried out, 'A' not carried out
--      7 'Z' score, 'G' longitude and latitude  8 fresh nonce  9... place: '' (in no set) or score or longitude, latitude
--      then, of each further write: id, token, 'P' or 'A', place
-- Returns {1, writers left} settled; {0, writers left} it is due, and its place is to be read from the store; in order, two numbers a write.
-- A full Redis does not refuse this: the place is then left to a repair.
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
