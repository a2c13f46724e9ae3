/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mflix-tiers: reads what mflix-producer made, by mc_get_or_load(): from Redis, from the snapshot file, or from the database,
 * and says each time who answered. With --requests it shows what many threads cost the database, with --hour what an hour does.
 * Settings come from the environment (REDIS_HOST, REDIS_PORT, MFLIXCACHE_SNAPSHOT_PATH, MFLIXCACHE_READ_TIERS, MFLIXCACHE_*).
 */
#include "../producer/readings.h"

#include <mflixcache/mflixcache.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TTL_MS 60000
#define THREADS 20
#define PRODUCER_S 300

typedef struct source {
    const char *database;
    _Atomic long queries;
} source;

/* The store tier: the day as the database has it now. */
static mc_status load_day(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    source *s = user;
    char device[65];
    char date[11];
    char json[READINGS_JSON_MAX];
    char why[READINGS_WHY];
    if (readings_parse_key(key, device, date) != 0)
        return MC_NOT_FOUND;
    atomic_fetch_add(&s->queries, 1);
    int found = readings_day(s->database, device, date, (int)deadline_ms, json, why);
    if (found < 0)
        fprintf(stderr, "database: %s\n", why);
    if (found <= 0)
        return found < 0 ? MC_E_STORE : MC_NOT_FOUND;
    return mc_value_sink_set(sink, json, strlen(json));
}

static const char *cache_name(const mc_info *info)
{
    static const char *const names[] = {"none", "hit", "miss", "bypass"};
    return names[info->cache & 3];
}

/* ---- one read ----------------------------------------------------------------------------------------------------- */

static int show(mc_client *mc, source *src, const char *key)
{
    char *value = NULL;
    mc_info info;
    mc_error err;
    long before = src->queries;
    mc_status st = mc_get_or_load(mc, key, TTL_MS, load_day, src, &value, NULL, &info, &err);
    if (st < 0) {
        fprintf(stderr, "mflix-tiers: %s\n", err.text);
        return 1;
    }
    printf("answered by %s (cache %s%s%s%s), %ld database queries\n", st == MC_OK ? mc_tier_name(info.tier) : "nobody",
           cache_name(&info), info.flags & MC_FLAG_STALE ? ", stale" : "", info.flags & MC_FLAG_FILLED ? ", filled" : "",
           info.flags & MC_FLAG_REDIS_DOWN ? ", Redis is down" : "", src->queries - before);
    printf("%s\n", st == MC_OK ? value : "there is no such day");
    mc_free(value);
    return 0;
}

/* ---- many threads ------------------------------------------------------------------------------------------------------ */

typedef struct readers {
    mc_client *mc;
    source *src;
    const char *key;
    _Atomic long left;
    _Atomic long by_tier[5];
    _Atomic long failed;
} readers;

static void *ask(void *arg)
{
    readers *c = arg;
    while (atomic_fetch_sub(&c->left, 1) > 0) {
        char *value = NULL;
        mc_info info;
        mc_status st = mc_get_or_load(c->mc, c->key, TTL_MS, load_day, c->src, &value, NULL, &info, NULL);
        if (st < 0)
            atomic_fetch_add(&c->failed, 1);
        else
            atomic_fetch_add(&c->by_tier[info.tier], 1);
        mc_free(value);
    }
    return NULL;
}

static int show_crowd(mc_client *mc, source *src, const char *key, long requests)
{
    pthread_t thread[THREADS];
    readers c = {.mc = mc, .src = src, .key = key, .left = requests};
    int n = 0;
    while (n < THREADS && pthread_create(&thread[n], NULL, ask, &c) == 0)
        n++;
    for (int i = 0; i < n; i++)
        (void)pthread_join(thread[i], NULL);
    printf("%ld requests by %d threads: %ld answered by redis, %ld by snapshot, %ld by store, %ld failed; %ld database "
           "queries\n",
           requests, n, c.by_tier[MC_TIER_REDIS], c.by_tier[MC_TIER_SNAPSHOT], c.by_tier[MC_TIER_STORE], c.failed,
           src->queries);
    return c.failed == 0 && n > 0 ? 0 : 1;
}

/* ---- an hour, in a moment ----------------------------------------------------------------------------------------- */

/* What mflix-producer does, for this one key. */
static mc_status produce(mc_client *mc, source *src, const char *key, const char *device, const char *date, mc_error *err)
{
    char json[READINGS_JSON_MAX];
    char why[READINGS_WHY];
    src->queries++;
    if (readings_day(src->database, device, date, 1000, json, why) <= 0) {
        (void)snprintf(err->text, sizeof err->text, "there is nothing to produce of %s", key);
        return MC_E_STORE;
    }
    const mc_entry day = {key, json, strlen(json)};
    mc_status st = mc_put_many(mc, &day, 1, TTL_MS, NULL, NULL, err);
    return st == MC_OK ? mc_save_snapshot(mc, &day, 1, err) : st;
}

/* A request each second; the handle's clock is set, nobody waits. */
static int show_hour(mc_client *mc, source *src, const char *key, const char *device, const char *date)
{
    long by_tier[5] = {0};
    mc_error err;
    mc_status st = MC_OK;
    for (int s = 0; s < 3600 && st >= 0; s++) {
        char *value = NULL;
        mc_info info = {0};
        st = mc_set_clock(mc, INT64_C(1769860800000) + s * 1000);
        if (st == MC_OK && s % PRODUCER_S == 0)
            st = produce(mc, src, key, device, date, &err);
        if (st == MC_OK)
            st = mc_get_or_load(mc, key, TTL_MS, load_day, src, &value, NULL, &info, &err);
        by_tier[info.tier]++;
        mc_free(value);
    }
    (void)mc_set_clock(mc, 0);
    (void)mc_remove(mc, key, NULL, NULL); /* its times are not of this world */
    if (st < 0) {
        fprintf(stderr, "mflix-tiers: %s\n", err.text);
        return 1;
    }
    printf("an hour, a request a second, values that live %d s, a producer every %d s:\n"
           "%ld answered by redis, %ld by snapshot, %ld by store; %ld database queries instead of 3600: %.1f %% fewer\n",
           TTL_MS / 1000, PRODUCER_S, by_tier[MC_TIER_REDIS], by_tier[MC_TIER_SNAPSHOT], by_tier[MC_TIER_STORE],
           src->queries, 100.0 * (1.0 - (double)src->queries / 3600.0));
    return 0;
}

int main(int argc, char **argv)
{
    int hour = argc > 1 && strcmp(argv[1], "--hour") == 0;
    long requests = 0;
    int first = 1 + hour;
    if (argc > 2 && strcmp(argv[1], "--requests") == 0) {
        char *end = NULL;
        requests = strtol(argv[2], &end, 10);
        first = 3;
        if (*end != '\0' || requests < 1 || requests > 1000000) {
            fprintf(stderr, "mflix-tiers: --requests takes 1 to 1000000\n");
            return 2;
        }
    }
    char key[READINGS_KEY_MAX];
    char device[65];
    char date[11];
    if (argc - first == 3)
        readings_key(argv[first + 1], argv[first + 2], key);
    if (argc - first != 3 || readings_parse_key(key, device, date) != 0) {
        fprintf(stderr, "usage: mflix-tiers [--requests N | --hour] DATABASE DEVICE DATE   (DATE like 2026-01-31)\n");
        return 2;
    }
    source src = {.database = argv[first]};
    mc_error err;
    mc_client *mc = NULL;
    mc_options *options = mc_options_new();
    if (mc_options_load_env(options, &err) != MC_OK || mc_open(options, &mc, &err) != MC_OK) {
        fprintf(stderr, "mflix-tiers: %s\n", err.text);
        mc_options_free(options);
        return 1;
    }
    mc_options_free(options);
    int rc = hour           ? show_hour(mc, &src, key, device, date)
             : requests > 0 ? show_crowd(mc, &src, key, requests)
                            : show(mc, &src, key);
    (void)mc_close(mc);
    return rc;
}
