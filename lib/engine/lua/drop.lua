-- SPDX-License-Identifier: Apache-2.0
-- Drop a value so that a load under way cannot bring it back.
-- KEYS 1 value  2 lease
-- ARGV 1 field to tell before it is gone, or ''
-- Returns the field, or nil
local told = false
if ARGV[1] ~= '' and redis.call('TYPE', KEYS[1]).ok == 'hash' then
    told = redis.call('HGET', KEYS[1], ARGV[1])
end
redis.call('DEL', KEYS[1], KEYS[2])
return told
