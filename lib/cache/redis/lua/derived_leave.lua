-- SPDX-License-Identifier: Apache-2.0
-- A builder ends before it is done: the next one may go on at once. Takes nothing but deletions, so that a full Redis does it, too.
-- ARGV 1 builder's token
-- Returns 1
if holder() == need_word(ARGV[1], 'token') then
    redis.call('HDEL', ANNOUNCED, '@ holder')
end
return 1
