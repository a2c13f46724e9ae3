-- SPDX-License-Identifier: Apache-2.0
-- Drop a value so that neither a load nor a writer under way can bring back what was there. May be sent again.
-- KEYS 1 value  2 quarantine  3 lease  4 sole-writer token
-- ARGV 1 field to tell before it is gone, or ''
-- Returns the field, or nil; nor is one told of more than a megabyte
local told = false
if ARGV[1] ~= '' then
    told = redis.pcall('HGET', KEYS[1], ARGV[1])
    if type(told) ~= 'string' or #told > 1048576 then
        told = false
    end
end
redis.call('DEL', KEYS[1], KEYS[3])
redis.call('SET', KEYS[4], '-', 'XX', 'KEEPTTL') -- writers under way are not alone any more: they will only delete
return told
