-- SPDX-License-Identifier: Apache-2.0
-- The functions of the scripts that write to a derived set: derived_head.lua is the text before this.
local texts = {} -- the same few times, again and again
local function text(n)
    local s = texts[n]
    if not s then
        s = string.format('%.0f', n)
        texts[n] = s
    end
    return s
end

-- A whole number that a double holds exactly, or nil.
local function whole_number(s)
    local n = tonumber(s)
    return n and math.abs(n) <= 9007199254740992 and n == math.floor(n) and n or nil
end

local function need_number(s, name)
    return whole_number(s) or error(name .. ': no whole number within 2^53', 0)
end

local words = {} -- the same few, again and again
local function need_word(s, name) -- a token or a nonce
    if s and not words[s] then
        words[s] = #s <= 64 and string.find(s, '^[%w.]+$')
    end
    return words[s] and s or error(name .. ': not 1 to 64 letters, digits, dots', 0)
end

local function need_id(s)
    return s and (string.find(s, '^%w+$') or string.find(s, '^[^%c ?]+$')) and s or error('id: empty, or with a blank, a control byte or ?', 0)
end

local function need_kind(s)
    return (s == 'Z' or s == 'G') and s or error('kind: neither Z nor G', 0)
end

local function need_coordinate(s, limit)
    local x = s and not string.find(s, '%s') and tonumber(s)
    return x and math.abs(x) <= limit and s or error('place: no finite score, or no place on the map', 0)
end

-- The place that begins at ARGV[i]: {} for '' (none), {score} or {longitude, latitude}; and where the next argument is.
local function place_at(i, kind)
    if ARGV[i] == '' then
        return {}, i + 1
    elseif kind == 'Z' then
        return {need_coordinate(ARGV[i], 1.7976931348623157e308)}, i + 1
    end
    return {need_coordinate(ARGV[i], 180), need_coordinate(ARGV[i + 1], 85.05112878)}, i + 2
end

-- Redis takes nothing that could grow (maxmemory, no eviction): its error, or false. Asked before anything is written: after a
-- first write a script is not refused any more.
local function is_full()
    local probe = redis.pcall('ZADD', PENDING, 'XX', 0, '') -- changes nothing
    return type(probe) == 'table' and probe.err ~= nil and string.find(probe.err, 'OOM', 1, true) ~= nil and probe
end

-- What follows makes a repair pending: a full Redis takes that, too, when a deletion comes first.
local function come_through()
    redis.pcall('ZREM', PENDING, '')
end

-- The nonce, if pending and announcements agree on it.
local function root()
    local top = redis.pcall('ZRANGEBYSCORE', PENDING, '+inf', '+inf', 'LIMIT', 0, 2)
    local n = not top.err and #top == 1 and string.match(top[1], '^! ([%w.]+)$')
    return n and redis.pcall('HGET', ANNOUNCED, '! ') == n and n or nil
end

-- The nonce; when keys were lost, a fresh one, and for one quarantine nobody knows who writes.
local function heal(fresh, quarantine_ms)
    local n = root()
    if n then
        return n
    end
    redis.call('UNLINK', PENDING, ANNOUNCED, NEW)
    redis.call('ZADD', PENDING, '+inf', '! ' .. fresh, text(now + quarantine_ms), '?')
    redis.call('HSET', ANNOUNCED, '! ', fresh)
    return fresh
end

-- Is there somebody, perhaps, whose announcement was lost?
local function phantom()
    return tonumber(redis.call('ZSCORE', PENDING, '?') or '-inf') > now
end

-- Who writes, by a record as it is kept, without those whose time is over. What is no record of ours counts as none.
local function understand(kept)
    local r = {sole = '-', repair = '-', taken = 0, quiet = false, tokens = {}, n = 0}
    if not kept or #kept > 100000 then
        return r
    end
    local w = {}
    for word in string.gmatch(kept, '%S+') do
        w[#w + 1] = word
    end
    local ours = #w >= 4 and #w % 2 == 0 and whole_number(w[3])
    for i = 6, #w, 2 do
        ours = ours and whole_number(w[i])
    end
    if not ours then
        return r
    end
    r.sole, r.repair, r.taken, r.quiet = w[1], w[2], tonumber(w[3]), w[4] == '1'
    for i = 5, #w, 2 do
        if tonumber(w[i + 1]) > now then
            r.tokens[w[i]] = tonumber(w[i + 1])
            r.n = r.n + 1
        end
    end
    return r
end

-- Who writes the id.
local function record(id)
    return understand(redis.call('HGET', ANNOUNCED, id))
end

-- A record as it is kept, or nil when there is nothing to keep. The zeros make it longer than 64 bytes: with short ones Redis keeps up to 512 in one
-- piece of memory, and walks over all of them for each.
local function spell(r)
    if r.n == 0 and r.repair == '-' then
        return nil
    end
    local w = {r.sole, r.repair, string.format('%013.0f', r.taken), r.quiet and '1' or '0'}
    for token, deadline in pairs(r.tokens) do
        w[#w + 1] = token
        w[#w + 1] = text(deadline)
    end
    return table.concat(w, ' ')
end

-- A command for many at once: what follows its key is in a list, which may be empty.
local function with_all(command, key, list)
    if #list > 0 then
        redis.call(command, key, unpack(list))
    end
end

-- What is to be kept, by write() in few commands.
local saved, ended, dues = {}, {}, {}

local function save(id, r)
    local kept = spell(r)
    if kept then
        saved[#saved + 1] = id
        saved[#saved + 1] = kept
    else
        ended[#ended + 1] = id
    end
end

-- Something was heard of the id that nobody announced, or in an order that is not known: its place is to be read from the store.
local function due_at_once(id, r)
    dues[#dues + 1] = text(-now)
    dues[#dues + 1] = id
    r.repair = '-'
    r.sole = '-'
    save(id, r)
end

local function write()
    with_all('ZADD', PENDING, dues)
    with_all('HSET', ANNOUNCED, saved)
    with_all('HDEL', ANNOUNCED, ended)
end

-- A member's score, or false; a key of a wrong type goes.
local function score_of(key, member)
    local s = redis.pcall('ZSCORE', key, member)
    if type(s) == 'table' then
        redis.call('UNLINK', key)
        return false
    end
    return s
end

-- Ids into a set, each at its place: by two lists.
local function put(key, ids, places)
    local scores, cells = {}, {}
    for i, id in ipairs(ids) do
        local place, to = places[i], #places[i] == 2 and cells or scores
        for k = 1, #place do
            to[#to + 1] = place[k]
        end
        to[#to + 1] = id
    end
    with_all('ZADD', key, scores)
    with_all('GEOADD', key, cells)
end

-- Put ids where they belong, in the set if that is complete, and in the one under construction.
local function apply(n, ids, places)
    if #ids == 0 then
        return
    end
    local here, at, away, everywhere = {}, {}, {}, {}
    for i, id in ipairs(ids) do
        if #places[i] == 0 then
            away[#away + 1] = id
            everywhere[i] = {'+inf'}
        else
            here[#here + 1] = id
            at[#at + 1] = places[i]
            everywhere[i] = places[i]
        end
    end
    if score_of(SET, '! ' .. n) or score_of(SET, '~ ' .. n) then
        with_all('ZREM', SET, away)
        put(SET, here, at)
    end
    if score_of(NEW, '@ ' .. n) then
        put(NEW, ids, everywhere)
    end
end

-- The builder's lease: token and deadline, or nil.
local function holder()
    local s = redis.pcall('HGET', ANNOUNCED, '@ holder')
    if type(s) == 'string' then
        return string.match(s, '^([%w.]+) (%d+)$')
    end
end

local function hold(token, hold_ms)
    redis.call('HSET', ANNOUNCED, '@ holder', token .. ' ' .. text(now + hold_ms))
end

-- Is this the builder, and all it has built still there?
local function is_builder(token, nonce)
    return root() == nonce and holder() == token and redis.call('HEXISTS', ANNOUNCED, '@ ') == 1 and
        score_of(NEW, '@ ' .. nonce) and true or false
end
