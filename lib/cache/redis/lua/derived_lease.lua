-- SPDX-License-Identifier: Apache-2.0
-- A reader found ids that are due, and is going to read them from the store.
-- ARGV 1 repair's token  2 soft_ms: how long others are kept out  3... ids
-- Returns {nonce, 1 or 0 per id}: granted, or not (not due, another's, Redis is full); nonce '': keys were lost, nothing is granted.
local token, soft = need_word(ARGV[1], 'token'), need_number(ARGV[2], 'soft_ms')
local full = is_full()
local n = root()
local out = {n or ''}
for i = 3, #ARGV do
    local id = need_id(ARGV[i])
    out[i - 1] = 0
    local due = n and not full and redis.call('ZSCORE', PENDING, id)
    if due and tonumber(due) <= now then
        local r = record(id)
        if r.repair == '-' or r.repair == token or now >= r.taken + soft then
            r.repair, r.taken, r.quiet = token, now, r.n == 0 and not phantom()
            save(id, r)
            out[i - 1] = 1
        end
    end
end
write()
return out
