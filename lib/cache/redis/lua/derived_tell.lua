-- SPDX-License-Identifier: Apache-2.0
-- Say that places may be wrong: after an invalidation, or a settlement that nobody confirmed. May be sent again.
-- ARGV 1 fresh nonce  2 quarantine_ms  3... ids
-- Returns {now, nonce}. A full Redis does not refuse this.
local quarantine = need_number(ARGV[2], 'quarantine_ms')
need_word(ARGV[1], 'fresh')
for i = 3, #ARGV do
    need_id(ARGV[i])
end
come_through()
local n = heal(ARGV[1], quarantine)
for i = 3, #ARGV do
    due_at_once(ARGV[i], record(ARGV[i]))
end
write()
return {now, n}
