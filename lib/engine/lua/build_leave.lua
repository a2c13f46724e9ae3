-- SPDX-License-Identifier: Apache-2.0
-- A builder's time is up: leave the set under construction for the next one.
-- KEYS 1 lock  2 epoch
-- ARGV 1 token  2 lock in ms  3 when it was begun, or 0: nobody knows  4 the last id that is in
if redis.call('GET', KEYS[1]) == ARGV[1] and ARGV[3] == '0' then
    redis.call('DEL', KEYS[1])
elseif redis.call('GET', KEYS[1]) == ARGV[1] then
    local epoch = redis.call('GET', KEYS[2]) or '0'
    redis.call('SET', KEYS[1], 'left ' .. ARGV[3] .. ' ' .. epoch .. ' ' .. ARGV[4], 'PX', ARGV[2])
end
return 1
