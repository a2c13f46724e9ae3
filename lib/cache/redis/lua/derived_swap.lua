-- SPDX-License-Identifier: Apache-2.0
-- Put what was built in the place of the set. Takes little more than deletions: a full Redis does it, too.
-- ARGV 1 builder's token  2 nonce  3 ttl_ms of the set
-- Returns 1 swapped; 0 the build was lost, or another goes on with it
local token, nonce, ttl = need_word(ARGV[1], 'token'), need_word(ARGV[2], 'nonce'), need_number(ARGV[3], 'ttl_ms')
come_through()
local whole = is_builder(token, nonce)
local begun, provisional = nil, nil
if whole then
    begun, provisional = string.match(redis.call('HGET', ANNOUNCED, '@ '), '^(%d+) ([01]) ')
end
if not begun then
    if holder() == token then -- a refused build leaves nobody waiting
        redis.call('HDEL', ANNOUNCED, '@ holder')
    end
    return 0
end
-- A repair that is pending since before the build, of an id that was not being written when it began, is made: the id was read since.
-- It stays pending for whoever writes by now; and repairs of the others end, what they read may be older.
local from, to = '(-' .. begun, '(0'
local kept = {}
for _, id in ipairs(redis.call('HKEYS', ANNOUNCED)) do
    local due = tonumber(redis.call('ZSCORE', PENDING, id) or 0)
    if due < 0 and due > -tonumber(begun) then
        if record(id).n > 0 then
            kept[id] = due
        else
            redis.call('HDEL', ANNOUNCED, id)
        end
    end
end
redis.call('ZREMRANGEBYSCORE', PENDING, from, to)
for id, due in pairs(kept) do
    redis.call('ZADD', PENDING, text(due), id)
end
redis.call('ZREMRANGEBYSCORE', NEW, '+inf', '+inf')
redis.call('ZREM', NEW, '@ ' .. nonce)
redis.call('ZADD', NEW, '-inf', (provisional == '1' and '~ ' or '! ') .. nonce)
-- A large set is freed aside; RENAME would do that here and now.
redis.call('UNLINK', SET)
redis.call('RENAME', NEW, SET)
redis.call('PEXPIRE', SET, text(ttl))
redis.call('HDEL', ANNOUNCED, '@ ', '@ holder')
if provisional == '0' then
    redis.call('ZREM', PENDING, '?')
end
return 1
