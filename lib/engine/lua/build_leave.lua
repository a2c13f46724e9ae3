-- SPDX-License-Identifier: Apache-2.0
-- A builder ends: the next one may go on at once. Takes nothing but deletions, so that a full Redis does it, too.
-- KEYS 1 the build
-- ARGV 1 token
local holder = redis.pcall('HGET', KEYS[1], 'holder')
if holder == ARGV[1] then
    redis.call('HDEL', KEYS[1], 'holder')
end
return 1
