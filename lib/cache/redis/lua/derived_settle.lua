-- SPDX-License-Identifier: Apache-2.0
-- The end of an announced write. Sent once: what is sent again after a lost answer is derived_tell.
-- ARGV 1 id  2 token  3 nonce of the announcement  4 its time  5 quarantine_ms  6 'P' carried out, 'A' not carried out
--      7 'Z' score, 'G' longitude and latitude  8 fresh nonce  9... place: '' (in no set) or score or longitude, latitude
-- Returns {1, writers left} settled; {0, writers left} it is due, and its place is to be read from the store.
-- A full Redis does not refuse this: the place is then left to a repair.
local id, token = need_id(ARGV[1]), need_word(ARGV[2], 'token')
local announced_at, quarantine = need_number(ARGV[4], 'announced_at'), need_number(ARGV[5], 'quarantine_ms')
local mode = (ARGV[6] == 'P' or ARGV[6] == 'A') and ARGV[6] or error('mode: neither P nor A', 0)
local place = place_at(9, need_kind(ARGV[7]))
need_word(ARGV[8], 'fresh')
local full = is_full()
come_through()
local n = heal(ARGV[8], quarantine)
local r = record(id)
local had = r.tokens[token] ~= nil and n == ARGV[3] and now < announced_at + quarantine
if r.tokens[token] then
    r.tokens[token] = nil
    r.n = r.n - 1
end
r.repair = '-'
if not had or r.sole ~= token or (mode == 'P' and full) then -- not announced, overlapped, or no room
    due_at_once(id, r)
    return {0, r.n}
end
if mode == 'P' then
    apply(n, id, place)
    redis.call('ZREM', PENDING, id)
elseif tonumber(redis.call('ZSCORE', PENDING, id) or 0) >= 0 then -- nothing was changed: the entry is ours, unless it was due before
    redis.call('ZREM', PENDING, id)
end
save(id, r)
return {1, r.n}
