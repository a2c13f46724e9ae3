-- SPDX-License-Identifier: Apache-2.0
-- Take the right to build the set for a moment: a new build, or one that another began and does not go on with.
-- ARGV 1 builder's token  2 hold_ms: how long nobody else may, unless a page renews it  3 fresh nonce  4 quarantine_ms
-- Returns {1, nonce, begun, cursor, provisional} yours: go on after the id `cursor` ('': from the start); provisional 1: it begins
-- soon after a loss, so that one more is wanted. {0} another builds. Refused with OOM when Redis is full.
local token, hold_ms = need_word(ARGV[1], 'token'), need_number(ARGV[2], 'hold_ms')
local quarantine = need_number(ARGV[4], 'quarantine_ms')
need_word(ARGV[3], 'fresh')
local full = is_full()
if full then
    return full
end
local n = heal(ARGV[3], quarantine)
local whose, deadline = holder()
if whose and whose ~= token and tonumber(deadline) > now then
    return {0}
end
local begun, provisional, cursor = string.match(redis.call('HGET', ANNOUNCED, '@ ') or '', '^(%d+) ([01]) (%S*)$')
-- What was begun soon after a loss is not finished as if it had begun later.
if not begun or not score_of(NEW, '@ ' .. n) or (provisional == '1' and not phantom()) then
    begun, provisional, cursor = text(now), phantom() and '1' or '0', ''
    redis.call('UNLINK', NEW)
    redis.call('ZADD', NEW, '-inf', '@ ' .. n)
    redis.call('HSET', ANNOUNCED, '@ ', begun .. ' ' .. provisional .. ' ')
    for _, id in ipairs(redis.call('HKEYS', ANNOUNCED)) do -- what is being written now is not settled by what this build reads
        local due = tonumber(redis.call('ZSCORE', PENDING, id) or 0)
        if due < 0 and record(id).n > 0 then
            redis.call('ZADD', PENDING, text(-now), id)
        end
    end
end
hold(token, hold_ms)
redis.call('PEXPIRE', NEW, text(20 * hold_ms)) -- for tidiness: that it may be lost at any time is known
return {1, n, tonumber(begun), cursor, tonumber(provisional)}
