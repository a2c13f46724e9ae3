-- SPDX-License-Identifier: Apache-2.0
-- Can this server do what the cache needs: run scripts, write, and touch the keys of two slots at once?
-- KEYS 1 a key of its own, gone within a second  2 epoch
-- Returns the epoch, or nil
redis.call('SET', KEYS[1], '1', 'PX', 1000)
return redis.call('GET', KEYS[2])
