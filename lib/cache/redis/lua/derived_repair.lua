-- SPDX-License-Identifier: Apache-2.0
-- Put ids where the store says, as read after their lease was granted.
-- ARGV 1 repair's token  2 nonce of the lease  3 soft_ms  4 'Z' scores, 'G' longitudes and latitudes
--      5... id, place ('' for none, or score, or longitude, latitude), ...
-- Returns 1 or 0 per id: 0 when something was heard of it meanwhile, or Redis is full; it stays due.
local token, soft, kind = need_word(ARGV[1], 'token'), need_number(ARGV[3], 'soft_ms'), need_kind(ARGV[4])
local ids, places = {}, {}
local i = 5
while i <= #ARGV do
    ids[#ids + 1] = need_id(ARGV[i])
    places[#ids], i = place_at(i + 1, kind)
end
local full = is_full()
local n = root()
local out, placed, at = {}, {}, {}
for k, id in ipairs(ids) do
    out[k] = 0
    local r = n and n == ARGV[2] and not full and record(id)
    if r and r.repair == token then
        placed[#placed + 1] = id
        at[#at + 1] = places[k]
        r.repair = '-'
        if r.quiet and r.n == 0 then
            redis.call('ZREM', PENDING, id)
        else -- who wrote when the lease was taken may not have been in what was read: once more, from the lease's time on
            redis.call('ZADD', PENDING, text(r.taken + soft), id)
        end
        save(id, r)
        out[k] = 1
    end
end
apply(n, placed, at)
write()
return out
