-- SPDX-License-Identifier: Apache-2.0
-- Nothing of before is believed from now on: a new nonce. Who writes, and which repairs are pending, stays known.
-- ARGV 1 fresh nonce  2 quarantine_ms  3 nonce that is not believed any more: another one stays; '': whatever stands there
--      4 'E': nobody writes yet (a first start), nothing has to be waited for; else ''
-- Returns {now, nonce}. A full Redis does not refuse this.
local fresh, quarantine = need_word(ARGV[1], 'fresh'), need_number(ARGV[2], 'quarantine_ms')
local n = root()
if n and (n == fresh or (ARGV[3] ~= '' and ARGV[3] ~= n)) then
    return {now, n}
end
come_through()
if n then
    redis.call('UNLINK', NEW)
    redis.call('HDEL', ANNOUNCED, '@ ', '@ holder')
    redis.call('ZREM', PENDING, '! ' .. n)
    redis.call('ZADD', PENDING, '+inf', '! ' .. fresh)
    redis.call('HSET', ANNOUNCED, '! ', fresh)
else
    heal(fresh, quarantine)
    if ARGV[4] == 'E' then
        redis.call('ZREM', PENDING, '?')
    end
end
return {now, fresh}
