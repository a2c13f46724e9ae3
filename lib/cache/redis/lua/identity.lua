-- SPDX-License-Identifier: Apache-2.0
-- Can this server do what the cache needs (run scripts, write), and whose values does it hold?
-- KEYS 1 a key of its own, gone within a second  2 epoch  3 identity of the database whose values these are
-- ARGV 1 identity of the caller's database, '': not to be compared  2 '1': take over what is another's  3 a fresh epoch
-- Returns {1, epoch} the caller's, {0, epoch, identity} another's. Taking over raises the epoch: nothing of before is believed.
redis.call('SET', KEYS[1], '1', 'PX', 1000)
local epoch = redis.pcall('GET', KEYS[2])
if type(epoch) == 'table' then -- no epoch of ours
    redis.call('DEL', KEYS[2])
    epoch = false
end
if not epoch then
    redis.call('SET', KEYS[2], ARGV[3])
    epoch = ARGV[3]
end
if ARGV[1] == '' then
    return {1, epoch}
end
local have = redis.pcall('GET', KEYS[3])
if type(have) == 'table' then
    have = false
end
if have == ARGV[1] then
    return {1, epoch}
end
-- What was in memory of another process is of no use to anybody else.
if have and ARGV[2] ~= '1' and string.sub(have, 1, 7) ~= 'memory:' then
    return {0, epoch, have}
end
redis.call('SET', KEYS[3], ARGV[1])
redis.call('SET', KEYS[2], ARGV[3])
return {1, ARGV[3]}
