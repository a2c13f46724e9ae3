-- SPDX-License-Identifier: Apache-2.0
-- Read a derived set, and what is to be known to believe it. Writes nothing: works on a full Redis and on a replica.
-- KEYS 1 set  2 pending (of one hash tag)
-- ARGV 1 max_due  2... one question:
--      'page' offset count           members and scores, highest first, the marker left out
--      'place' id [id...]            {score or nil, members with a higher score, members before it or nil, scores (or nil) of the other ids}
--      'near' lon lat radius_m count {member, cell} of the nearest, nearest first
--      'counts' n (low high)...      members per range; low and high as ZCOUNT takes them
--      'ranges' limit (low high)...  members and scores per range, lowest first, at most `limit` of each
--      'size'                        {}
-- Returns {now, nonce or '', 'W' complete | 'P' complete, built soon after a loss | '', ids that are due (at most max_due + 1),
--          1 when one more build is wanted, size (the marker among it), answer}
-- Believe the answer when the state is 'W' (or 'P', by choice) and no id is due. A key of a wrong type counts as lost.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

local function number(s, name)
    local n = tonumber(s)
    return n and n >= 0 and n <= 9007199254740992 and n == math.floor(n) and n or error(name .. ': no whole number from 0 to 2^53', 0)
end

local function text(n)
    return string.format('%.0f', n)
end

local function is_id(member)
    return not string.find(member, '[ ?]')
end

-- Pending comes first: what is due now was so when the page is read, or has been put right.
local max_due = number(ARGV[1], 'max_due')
local nonce, wanted = '', 0
local due = {}
if redis.call('TYPE', KEYS[2]).ok == 'zset' then
    local top = redis.call('ZRANGEBYSCORE', KEYS[2], '+inf', '+inf', 'LIMIT', 0, 2)
    nonce = #top == 1 and string.match(top[1], '^! ([%w.]+)$') or ''
    local again = redis.call('ZSCORE', KEYS[2], '?')
    wanted = again and tonumber(again) <= now and 1 or 0
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(now), 'LIMIT', 0, text(max_due + 2))) do
        if is_id(id) and #due <= max_due then
            due[#due + 1] = id
        end
    end
end
local state, size = '', 0
local there = redis.call('TYPE', KEYS[1]).ok == 'zset'
if there then
    size = redis.call('ZCARD', KEYS[1])
    if nonce ~= '' and redis.call('ZSCORE', KEYS[1], '! ' .. nonce) then
        state = 'W'
    elseif nonce ~= '' and redis.call('ZSCORE', KEYS[1], '~ ' .. nonce) then
        state = 'P'
    end
end

-- Each answers for the arguments from ARGV[3] on (not unpacked: they may be thousands).
local question = {}

function question.page()
    local offset, count = number(ARGV[3], 'offset'), number(ARGV[4], 'count')
    local rows = {}
    if not there or count == 0 then
        return rows
    end
    local page = redis.call('ZREVRANGE', KEYS[1], text(offset), text(offset + count - 1), 'WITHSCORES')
    for i = 1, #page, 2 do
        if is_id(page[i]) then
            rows[#rows + 1] = page[i]
            rows[#rows + 1] = page[i + 1]
        end
    end
    return rows
end

function question.place()
    local score = there and redis.call('ZSCORE', KEYS[1], ARGV[3])
    local scores = {}
    for i = 4, #ARGV do
        scores[i - 3] = there and redis.call('ZSCORE', KEYS[1], ARGV[i])
    end
    if not score then
        return {false, 0, false, scores}
    end
    return {score, redis.call('ZCOUNT', KEYS[1], '(' .. score, '+inf'), redis.call('ZREVRANK', KEYS[1], ARGV[3]), scores}
end

function question.near()
    local rows = {}
    for _, row in ipairs(there and redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', ARGV[3], ARGV[4], 'BYRADIUS', ARGV[5], 'm', 'ASC',
        'COUNT', ARGV[6], 'WITHHASH') or {}) do
        if is_id(row[1]) then
            rows[#rows + 1] = row
        end
    end
    return rows
end

function question.counts()
    local counts = {}
    for i = 1, number(ARGV[3], 'n') do
        counts[i] = there and redis.call('ZCOUNT', KEYS[1], ARGV[2 * i + 2], ARGV[2 * i + 3]) or 0
    end
    return counts
end

function question.ranges()
    local limit, found = text(number(ARGV[3], 'limit')), {}
    for i = 4, #ARGV, 2 do
        found[#found + 1] = there and
            redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[i], ARGV[i + 1], 'WITHSCORES', 'LIMIT', 0, limit) or {}
    end
    return found
end

function question.size()
    return {}
end

local ask = question[ARGV[2]] or error('no such question', 0)
return {now, nonce, state, due, wanted, size, ask()}
