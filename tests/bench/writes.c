// SPDX-License-Identifier: Apache-2.0
/* Owns: misses and writes against the same by hand: GET, SELECT, SET (S6); UPDATE, then HSET, ZADD and PEXPIRE in a pipeline (S7). */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL "3600000"

static sqlite3_stmt *select_doc;
static sqlite3_stmt *update_rating;
static unsigned turn;

static const char *id_of(uint32_t key)
{
    return bench.films[key].id;
}

static sqlite3_stmt *prepared(const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(bench.db, sql, -1, &s, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(bench.db));
    return s;
}

/* Each key is asked for once a block: a key that comes twice would be a hit the second time. */
static uint32_t spread[MAX_BLOCK];
static size_t spread_at;

static void lib_drop(const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        spread[i] = (uint32_t)((keys[0] + i * 7) % HOT_KEYS);
        (void)mc_invalidate(bench.mc, id_of(spread[i]), NULL, NULL);
    }
    spread_at = 0;
}

static void lib_miss(uint32_t key)
{
    const mc_movie *m = NULL;
    mc_info info;
    (void)key;
    if (mc_get_movie(bench.mc, id_of(spread[spread_at++]), &m, &info, NULL) != MC_OK || info.cache != MC_CACHE_MISS)
        die("mc_get_movie", "no miss");
    mc_movie_unref(m);
}

static void hand_drop(const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        spread[i] = (uint32_t)((keys[0] + i * 7) % HOT_KEYS);
        freeReplyObject(redisCommand(bench.rc, "DEL miss:%s", id_of(spread[i])));
    }
    spread_at = 0;
}

static void hand_miss(uint32_t key)
{
    (void)key;
    const char *id = id_of(spread[spread_at++]);
    redisReply *r = redisCommand(bench.rc, "GET miss:%s", id);
    if (r == NULL || r->type != REDIS_REPLY_NIL)
        die("GET", "no miss");
    freeReplyObject(r);
    (void)sqlite3_bind_text(select_doc, 1, id, -1, SQLITE_STATIC);
    if (sqlite3_step(select_doc) != SQLITE_ROW)
        die("SELECT", sqlite3_errmsg(bench.db));
    const char *doc = (const char *)sqlite3_column_text(select_doc, 0);
    size_t size = (size_t)sqlite3_column_bytes(select_doc, 0);
    char *copy = malloc(size + 1);
    check(copy != NULL, "memory");
    memcpy(copy, doc, size + 1);
    (void)sqlite3_reset(select_doc);
    r = redisCommand(bench.rc, "SET miss:%s %b PX " TTL, id, copy, size);
    if (r == NULL || r->type != REDIS_REPLY_STATUS)
        die("SET PX", bench.rc->errstr);
    freeReplyObject(r);
    free(copy);
}

void s6_miss(void)
{
    struct contender c[] = {
        {.name = "mc_get_movie", .prepare = lib_drop, .call = lib_miss},
        {.name = "GET, SELECT by a prepared statement, SET PX", .prepare = hand_drop, .call = hand_miss}};
    select_doc = prepared("SELECT doc FROM plain WHERE id=?");
    take_turns(c, 2, bench.uniform, bench.rounds, bench.calls);
    result("S6", "miss: loaded from SQLite and cached", c[1].name, "us", c[0].us, c[1].us, c[1].ratio,
           (struct goal){AT_MOST, bench.regime == SAME ? 1.8 : 1.1});
    (void)sqlite3_finalize(select_doc);
}

/* Another rating each time, and none that moves a film far. */
static double next_rating(void)
{
    return 5 + (double)(turn++ % 41) / 10;
}

static void lib_write(uint32_t key)
{
    mc_error err;
    if (mc_update_rating(bench.mc, id_of(key), next_rating(), NULL, NULL, &err) != MC_OK)
        die("mc_update_rating", err.text);
}

static void hand_write(uint32_t key)
{
    const char *id = id_of(key);
    char rating[16];
    (void)snprintf(rating, sizeof rating, "%.1f", next_rating());
    (void)sqlite3_bind_double(update_rating, 1, strtod(rating, NULL));
    (void)sqlite3_bind_text(update_rating, 2, id, -1, SQLITE_STATIC);
    if (sqlite3_step(update_rating) != SQLITE_DONE || sqlite3_changes(bench.db) != 1)
        die("UPDATE", sqlite3_errmsg(bench.db));
    (void)sqlite3_reset(update_rating);
    redisAppendCommand(bench.rc, "HSET hash:%s rating %s", id, rating);
    redisAppendCommand(bench.rc, "ZADD board %s %s", rating, id);
    redisAppendCommand(bench.rc, "PEXPIRE hash:%s " TTL, id);
    for (int i = 0; i < 3; i++) {
        redisReply *r = NULL;
        if (redisGetReply(bench.rc, (void **)&r) != REDIS_OK || r == NULL || r->type == REDIS_REPLY_ERROR)
            die("a write by hand", bench.rc->errstr);
        freeReplyObject(r);
    }
}

void s7_write(void)
{
    struct contender c[] = {{.name = "mc_update_rating", .call = lib_write},
                            {.name = "UPDATE with json_set, then HSET, ZADD, PEXPIRE in one pipeline", .call = hand_write}};
    update_rating = prepared("UPDATE plain SET doc=json_set(doc,'$.imdb.rating',?) WHERE id=?");
    take_turns(c, 2, bench.uniform, bench.rounds, bench.calls / 4 > 0 ? bench.calls / 4 : 1);
    result("S7", "a rating changed in SQLite, the cache and the board", c[1].name, "us", c[0].us, c[1].us, c[1].ratio,
           (struct goal){AT_MOST, bench.regime == SAME ? 1.35 : 1.5});
    (void)sqlite3_finalize(update_rating);
}
