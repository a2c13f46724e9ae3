// SPDX-License-Identifier: Apache-2.0
/* Owns: reads of single films, and of many by id, against strings and hashes by hand (S1, S2, S3, S9), and strings by key (S17). */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 100

static const struct goal none = {AT_MOST, 0};

static struct goal at_most(double same, double cross)
{
    return (struct goal){AT_MOST, bench.regime == SAME ? same : cross};
}

static const char *id_of(uint32_t key)
{
    return bench.films[key].id;
}

static void lib_hit(uint32_t key)
{
    const mc_movie *m = NULL;
    mc_info info;
    expect_hit(mc_get_movie(bench.mc, id_of(key), &m, &info, NULL), &info, "mc_get_movie");
    mc_movie_unref(m);
}

static void lib_document(uint32_t key)
{
    const mc_movie *m = NULL;
    mc_info info;
    expect_hit(mc_get_movie_document(bench.mc, id_of(key), &m, &info, NULL), &info, "mc_get_movie_document");
    mc_movie_unref(m);
}

static void lib_title(uint32_t key)
{
    const mc_movie *m = NULL;
    mc_info info;
    expect_hit(mc_get_movie_by_title(bench.mc, bench.films[key].title, &m, &info, NULL), &info, "mc_get_movie_by_title");
    mc_movie_unref(m);
}

/* Reads what a contender is about to read: it is in the cache then, and a title has been seen. */
static void warm_ids(const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const mc_movie *m = NULL;
        (void)mc_get_movie_document(bench.mc, id_of(keys[i]), &m, NULL, NULL);
        mc_movie_unref(m);
    }
}

static void warm_titles(const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const mc_movie *m = NULL;
        (void)mc_get_movie_by_title(bench.mc, bench.films[keys[i]].title, &m, NULL, NULL);
        mc_movie_unref(m);
    }
}

static void hand_json(uint32_t key)
{
    free(hand_get(bench.rc, "plain", id_of(key)));
}

static void hand_fields(uint32_t key)
{
    free(hand_get(bench.rc, "fields", id_of(key)));
}

static void hand_plain_hash(uint32_t key)
{
    redisReply *r = redisCommand(bench.rc, "HGETALL hash:%s", id_of(key));
    hand_hash(r);
    freeReplyObject(r);
}

void s1_hit(void)
{
    struct contender c[] = {{.name = "mc_get_movie", .prepare = warm_ids, .call = lib_hit},
                            {.name = "GET of the document as JSON", .call = hand_json},
                            {.name = "GET of the same fields as one string", .call = hand_fields},
                            {.name = "HGETALL of the same fields as a plain hash", .call = hand_plain_hash}};
    take_turns(c, 4, bench.uniform, bench.rounds, bench.calls);
    result("S1", "hit by id, 2,000 keys, uniform", c[1].name, "us", c[0].us, c[1].us, c[1].ratio, at_most(1.05, 1.05));
    result("S1b", "hit by id, 2,000 keys, uniform", c[2].name, "us", c[0].us, c[2].us, c[2].ratio, none);
    result("S1c", "hit by id, 2,000 keys, uniform", c[3].name, "us", c[0].us, c[3].us, c[3].ratio, none);
    take_turns(c, 2, bench.zipf, bench.rounds, bench.calls);
    result("S1z", "hit by id, 2,000 keys, Zipf", c[1].name, "us", c[0].us, c[1].us, c[1].ratio, at_most(1.05, 1.05));
}

void s2_document(void)
{
    struct contender c[] = {{.name = "mc_get_movie_document", .prepare = warm_ids, .call = lib_document},
                            {.name = "GET of the document as JSON", .call = hand_json}};
    take_turns(c, 2, bench.uniform, bench.rounds, bench.calls);
    result("S2", "whole document, hit, 2,000 keys", c[1].name, "us", c[0].us, c[1].us, c[1].ratio, at_most(1.08, 1.05));
}

/* The alias as a string, then the film: what is written by hand takes two exchanges. Shown, not the goal's reference. */
static void hand_title(uint32_t key)
{
    free(hand_get(bench.rc, "alias", id_of(key)));
    free(hand_get(bench.rc, "plain", id_of(key)));
}

static void alias_by_hand(const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        freeReplyObject(redisCommand(bench.rc, "SET alias:%s %s", id_of(keys[i]), id_of(keys[i])));
}

void s3_title(void)
{
    struct contender c[] = {{.name = "mc_get_movie_by_title", .prepare = warm_titles, .call = lib_title},
                            {.name = "mc_get_movie", .prepare = warm_ids, .call = lib_hit},
                            {.name = "GET of an alias, GET of the document", .prepare = alias_by_hand, .call = hand_title}};
    take_turns(c, 3, bench.uniform, bench.rounds, bench.calls);
    result("S3", "hit by title that was seen, 2,000 keys", c[1].name, "us", c[0].us, c[1].us, c[1].ratio, at_most(1.2, 1.1));
    result("S3b", "hit by title that was seen, 2,000 keys", c[2].name, "us", c[0].us, c[2].us, c[2].ratio, none);
}

static void many_ids(uint32_t key, const char *ids[MANY])
{
    for (uint32_t i = 0; i < MANY; i++)
        ids[i] = id_of((key + i * 19) % HOT_KEYS);
}

static void warm_many(const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *ids[MANY];
        const mc_movie *out[MANY];
        mc_status statuses[MANY];
        many_ids(keys[i], ids);
        (void)mc_get_movies(bench.mc, ids, MANY, out, statuses, NULL, NULL);
        for (size_t k = 0; k < MANY; k++)
            mc_movie_unref(out[k]);
    }
}

static void lib_many(uint32_t key)
{
    const char *ids[MANY];
    const mc_movie *out[MANY];
    mc_status statuses[MANY];
    many_ids(key, ids);
    if (mc_get_movies(bench.mc, ids, MANY, out, statuses, NULL, NULL) != MC_OK)
        die("mc_get_movies", "failed");
    for (size_t k = 0; k < MANY; k++)
        mc_movie_unref(out[k]);
}

static void hand_pipeline(uint32_t key, const char *format)
{
    const char *ids[MANY];
    many_ids(key, ids);
    for (size_t k = 0; k < MANY; k++)
        redisAppendCommand(bench.rc, format, ids[k]);
    for (size_t k = 0; k < MANY; k++) {
        redisReply *r = NULL;
        if (redisGetReply(bench.rc, (void **)&r) != REDIS_OK || r == NULL)
            die("a pipeline by hand", bench.rc->errstr);
        if (r->type == REDIS_REPLY_STRING)
            free(strdup(r->str));
        else
            hand_hash(r);
        freeReplyObject(r);
    }
}

static void hand_many(uint32_t key)
{
    hand_pipeline(key, "GET plain:%s");
}

static void hand_many_hashes(uint32_t key)
{
    hand_pipeline(key, "HGETALL hash:%s");
}

void s9_many(void)
{
    size_t calls = bench.calls / 10 > 0 ? bench.calls / 10 : 1;
    struct contender c[] = {{.name = "mc_get_movies", .prepare = warm_many, .call = lib_many},
                            {.name = "100 pipelined GETs of JSON", .call = hand_many},
                            {.name = "100 pipelined HGETALLs of plain hashes", .call = hand_many_hashes}};
    take_turns(c, 3, bench.uniform, bench.rounds, calls);
    result("S9", "100 films by id, warm", c[1].name, "us", c[0].us, c[1].us, c[1].ratio, at_most(1.1, 1.1));
    result("S9b", "100 films by id, warm", c[2].name, "us", c[0].us, c[2].us, c[2].ratio, none);
}

static char value[1024];

static void lib_put(uint32_t key)
{
    char name[48];
    (void)snprintf(name, sizeof name, "status-%s", id_of(key));
    if (mc_put(bench.mc, name, value, sizeof value, 60000, NULL, NULL) != MC_OK)
        die("mc_put", "failed");
}

static void hand_put(uint32_t key)
{
    redisReply *r = redisCommand(bench.rc, "SET status:%s %b PX 60000", id_of(key), value, sizeof value);
    if (r == NULL || r->type != REDIS_REPLY_STATUS)
        die("SET PX", bench.rc->errstr);
    freeReplyObject(r);
}

void s17_put(void)
{
    struct contender c[] = {{.name = "mc_put", .call = lib_put}, {.name = "SET PX", .call = hand_put}};
    memset(value, 'v', sizeof value);
    take_turns(c, 2, bench.uniform, bench.rounds, bench.calls);
    result("S17", "a value of 1 KiB by key, written", c[1].name, "us", c[0].us, c[1].us, c[1].ratio, at_most(1.15, 1.10));
}
