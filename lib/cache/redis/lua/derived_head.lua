-- SPDX-License-Identifier: Apache-2.0
-- What every script that writes to a derived set begins with: the build puts this text before theirs, and derived_common.lua after it, or where
-- theirs says so: what stands before that line is tried first, without the price of making those functions.
-- KEYS 1 set  2 pending  3 announcements  4 new set: always all four, of one hash tag
-- pending (zset)        '! ' nonce: +inf   id: its place may be wrong from this time on; negative: at once, and since when
--                       '?': after a loss, until when nobody counts as alone; from then on one more build is wanted
-- announcements (hash)  '! ': nonce   '@ ': begun, provisional, cursor of a build   '@ holder': token, deadline of its builder
--                       id: sole token or '-', repair's token or '-', when that was taken, 1: nobody wrote then; token, deadline, ...
-- set (zset)            '! ' nonce: complete   '~ ' nonce: complete, built soon after a loss (both -inf)   id: score or cell
-- new set (zset)        '@ ' nonce: nothing of it was lost (-inf)   id: score or cell; +inf: removed meanwhile
-- No id has a blank or '?' in it. A key of a wrong type counts as lost. Times are Redis' own, in ms.
local SET, PENDING, ANNOUNCED, NEW = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

