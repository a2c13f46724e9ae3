/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library beside what a program would write by hand on hiredis, on the same Redis and the same keys, in one process, the contenders
 * taking turns round by round. Prints medians and ratios; a ratio is the only thing that travels to another machine.
 * bench PORT CPU   (values and board must be warm: script/bench does that)
 */
#include <hiredis/hiredis.h>
#include <mflixcache/mflixcache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 21
#define CALLS 1000
#define TOP 10

static mc_client *mc;
static redisContext *rc;
static char id[32];
static char key[64];

static double now_us(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* Every field copied into memory of its own, as a struct of strings would be filled. */
static void decode(const redisReply *r)
{
    char *copy[64];
    size_t n = 0;
    if (r == NULL || r->type != REDIS_REPLY_ARRAY || r->elements == 0)
        die("a hash is missing: is the cache warm?");
    for (size_t i = 1; i < r->elements && n < 64; i += 2)
        copy[n++] = strdup(r->element[i]->str);
    while (n > 0)
        free(copy[--n]);
}

static void get_library(void)
{
    const mc_movie *m = NULL;
    mc_info info;
    if (mc_get_movie(mc, id, &m, &info, NULL) != MC_OK || info.cache != MC_CACHE_HIT)
        die("no hit");
    mc_movie_unref(m);
}

static void get_by_hand(void)
{
    redisReply *r = redisCommand(rc, "HGETALL %s", key);
    decode(r);
    freeReplyObject(r);
}

static void top_library(void)
{
    mc_list *rows = NULL;
    if (mc_top_movies(mc, 0, TOP, &rows, NULL, NULL) != MC_OK || mc_list_size(rows) != TOP)
        die("no board");
    mc_list_free(rows);
}

/* The list, then all hashes in one pipeline: two round trips. */
static void top_by_hand(void)
{
    redisReply *list = redisCommand(rc, "ZREVRANGE mflix:board:{movies:rating} 0 %d WITHSCORES", TOP - 1);
    for (size_t i = 0; i < list->elements; i += 2)
        redisAppendCommand(rc, "HGETALL mflix:movie:{%s}", list->element[i]->str);
    for (size_t i = 0; i < list->elements; i += 2) {
        redisReply *r = NULL;
        if (redisGetReply(rc, (void **)&r) != REDIS_OK)
            die("pipeline");
        decode(r);
        freeReplyObject(r);
    }
    freeReplyObject(list);
}

/* The list, then one hash after the other: what is written first. */
static void top_naive(void)
{
    redisReply *list = redisCommand(rc, "ZREVRANGE mflix:board:{movies:rating} 0 %d WITHSCORES", TOP - 1);
    for (size_t i = 0; i < list->elements; i += 2) {
        redisReply *r = redisCommand(rc, "HGETALL mflix:movie:{%s}", list->element[i]->str);
        decode(r);
        freeReplyObject(r);
    }
    freeReplyObject(list);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

static double one_round(void (*call)(void))
{
    static double us[CALLS];
    for (size_t i = 0; i < CALLS; i++) {
        double t0 = now_us();
        call();
        us[i] = now_us() - t0;
    }
    return median(us, CALLS);
}

/* Median over rounds of the per-round ratios, so that a machine that slows down slows both. */
static void compare(const char *what, void (*library)(void), const char *other, void (*by_hand)(void))
{
    double a[ROUNDS];
    double b[ROUNDS];
    double ratio[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        a[i] = one_round(library);
        b[i] = one_round(by_hand);
        ratio[i] = a[i] / b[i];
    }
    printf("  %-14s %6.1f us   %-42s %6.1f us   ratio %.2f\n", what, median(a, ROUNDS), other, median(b, ROUNDS),
           median(ratio, ROUNDS));
}

int main(int argc, char **argv)
{
    mc_error err;
    mc_list *row = NULL;
    if (argc != 2)
        die("usage: bench PORT");
    mc_options *o = mc_options_new();
    if (mc_options_load_env(o, &err) != MC_OK || mc_open(o, &mc, &err) != MC_OK)
        die(err.text);
    mc_options_free(o);
    rc = redisConnect("127.0.0.1", atoi(argv[1]));
    if (rc == NULL || rc->err != 0)
        die("cannot connect");
    if (mc_top_movies(mc, 0, 1, &row, NULL, &err) != MC_OK || mc_list_size(row) != 1)
        die("no movies");
    (void)snprintf(id, sizeof id, "%s", mc_movie_id(mc_list_movie(row, 0)));
    (void)snprintf(key, sizeof key, "mflix:movie:{%s}", id);
    mc_list_free(row);
    top_library();
    compare("mc_get_movie", get_library, "hiredis: HGETALL, fields copied", get_by_hand);
    compare("mc_top_movies", top_library, "hiredis: ZREVRANGE, then a pipeline of 10", top_by_hand);
    compare("mc_top_movies", top_library, "hiredis: ZREVRANGE, then one after another", top_naive);
    redisFree(rc);
    return mc_close(mc) == MC_OK ? 0 : 1;
}
