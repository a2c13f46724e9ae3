/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the stage on which protocol tests play. Refuses: mocks of Redis. */
#include "fixture.h"

#include "actor.h"
#include "cache/memory/memory_cache.h"
#include "cache/redis/keys.h"
#include "scripts.h"

#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void die(const char *what)
{
    fprintf(stderr, "fixture: %s\n", what);
    exit(1);
}

static mc_client *open_va(fixture *f, va_list ap)
{
    mc_error err;
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    if (o == NULL || mc_options_set(o, "cache.uri", f->redis.uri, &err) != MC_OK)
        die("options");
    if (mc_options_set(o, "cache.topology_check_ms", stand_in_check_ms(f->stand_in), &err) !=
        MC_OK) /* tests of this set it: a busy machine is slow */
        die("options");
    for (const char *key = va_arg(ap, const char *); key != NULL; key = va_arg(ap, const char *))
        if (mc_options_set(o, key, va_arg(ap, const char *), &err) != MC_OK)
            die(err.text);
    mc_store table = memstore_table(&f->mem);
    if (mc_open_with_store(o, &table, &mc, &err) != MC_OK)
        die(err.text);
    mc_options_free(o);
    return mc;
}

mc_client *fixture_open(fixture *f, ...)
{
    va_list ap;
    va_start(ap, f);
    mc_client *mc = open_va(f, ap);
    va_end(ap);
    return mc;
}

/* MFLIX_TEST_ACL holds the rules of an account: the clients use it, the test's own connection does not. */
static void take_account(fixture *f)
{
    const char *rules = getenv("MFLIX_TEST_ACL");
    const char *argv[100] = {"ACL", "SETUSER", "least"};
    int argc = 3;
    if (rules == NULL)
        return;
    char *copy = strdup(rules);
    char *rest = NULL;
    for (char *p = strtok_r(copy, " ", &rest); p != NULL && argc < 100; p = strtok_r(NULL, " ", &rest))
        argv[argc++] = p;
    redisContext *rc = redisConnect("127.0.0.1", f->redis.port);
    redisReply *r = redisCommandArgv(rc, argc, argv, NULL);
    if (r == NULL || r->type == REDIS_REPLY_ERROR)
        die(r != NULL ? r->str : "no account");
    freeReplyObject(r);
    redisFree(rc);
    free(copy);
    snprintf(f->redis.uri, sizeof f->redis.uri, "redis://least:PASSWORD@127.0.0.1:%d/0", f->redis.port);
}

/* Nothing was refused to it. */
static void check_account(fixture *f)
{
    if (getenv("MFLIX_TEST_ACL") == NULL)
        return;
    char *log = fixture_redis(f, "ACL", "LOG", NULL);
    if (log != NULL && log[0] != '\0') {
        fprintf(stderr, "refused: %s\n", log);
        exit(1);
    }
    free(log);
}

#define MEMORY_NAME "fixture" /* of the cache that the clients share when there is no server */

void fixture_start_redis(fixture *f)
{
    if (test_in_memory()) {
        mci_memory_flush(MEMORY_NAME);
        snprintf(f->redis.uri, sizeof f->redis.uri, "memory:" MEMORY_NAME);
    } else if (stand_in_wanted() != STAND_IN_ONE) {
        f->stand_in = stand_in_start(stand_in_wanted(), &f->redis);
    } else {
        srv_start_redis(&f->redis, "--save", "", "--appendonly", "no", NULL);
    }
}

void fixture_start(fixture *f, ...)
{
    va_list ap;
    memset(f, 0, sizeof *f);
    fixture_start_redis(f);
    if (!test_in_memory())
        take_account(f);
    memstore_init(&f->mem);
    va_start(ap, f);
    f->a = open_va(f, ap);
    va_end(ap);
    va_start(ap, f);
    f->b = open_va(f, ap);
    va_end(ap);
}

void fixture_hang_up(fixture *f)
{
    for (int i = 0; i < STAND_IN_NODES; i++) {
        if (f->rc[i] != NULL)
            redisFree(f->rc[i]);
        f->rc[i] = NULL;
    }
}

void fixture_stop_redis(fixture *f)
{
    fixture_hang_up(f);
    if (f->stand_in != NULL)
        stand_in_stop(f->stand_in, &f->redis);
    else if (!test_in_memory())
        srv_stop(&f->redis);
    f->stand_in = NULL;
}

void fixture_needs_one_server(fixture *f)
{
    if (f->stand_in != NULL || test_in_memory())
        test_leave_out();
}

void fixture_stop(fixture *f)
{
    (void)mc_close(f->a);
    (void)mc_close(f->b);
    if (!test_in_memory())
        check_account(f);
    fixture_stop_redis(f);
    memstore_free(&f->mem);
}

void fixture_json(char out[512], const char *id, const char *title, double rating)
{
    snprintf(
        out, 512,
        "{\"_id\":{\"$oid\":\"%s\"},\"plot\":\"p\",\"title\":\"%s\",\"year\":1999,\"imdb\":{\"rating\":%.1f,\"votes\":7}}",
        id, title, rating);
}

void fixture_calm(fixture *f)
{
    if (test_in_memory()) /* nothing can be lost there */
        return;
    static const char *const ids[] = {ID1, ID2};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) { /* in a cluster they have epochs of their own */
        char key[80];
        char epoch_key[MCI_KEY_MAX];
        snprintf(key, sizeof key, "mflix:movie:{%s}", ids[i]);
        stand_in_epoch_key(f->stand_in, key, epoch_key);
        free(fixture_redis(f, "SET", epoch_key, "4711", "NX", NULL));
    }
    static const char *const sets[] = {"board:{movies:rating}", "geo:{theaters:place}"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char key[4][80];
        static const char *const before[] = {"", "mfc:p:", "mfc:a:", "mfc:n:"};
        char fresh[48];
        char epoch_key[MCI_KEY_MAX];
        for (int k = 0; k < 4; k++)
            snprintf(key[k], sizeof key[k], "%smflix:%s", before[k], sets[i]);
        stand_in_epoch_key(f->stand_in, key[0], epoch_key);
        free(fixture_redis(f, "SET", epoch_key, "4711", "NX", NULL));
        char *epoch = fixture_redis(f, "GET", epoch_key, NULL);
        snprintf(fresh, sizeof fresh, "%.20s.0123456789abcdef", epoch);
        free(fixture_redis(f, "EVAL", mci_script_derived_raise.text, "4", key[0], key[1], key[2], key[3], fresh, "10000", "",
                           "E", NULL));
        free(epoch);
    }
}

void fixture_reset(fixture *f)
{
    char json[512];
    if (test_in_memory())
        mci_memory_flush(MEMORY_NAME);
    else
        free(fixture_redis(f, "FLUSHALL", NULL));
    fixture_calm(f);
    pthread_mutex_lock(&f->mem.lock);
    for (size_t i = 0; i < f->mem.n; i++)
        free(f->mem.docs[i].json);
    f->mem.n = 0;
    f->mem.finds = f->mem.fail_reads = f->mem.fail_writes = f->mem.late_writes = f->mem.slow_read_ms = f->mem.late_there = 0;
    f->mem.scans = 0;
    f->mem.scans_left = -1;
    pthread_mutex_unlock(&f->mem.lock);
    fixture_json(json, ID1, "One", 1);
    memstore_put(&f->mem, "movies", ID1, json);
    fixture_json(json, ID2, "Two", 2);
    memstore_put(&f->mem, "movies", ID2, json);
    fixture_json(json, ID3, "Three", 3);
    memstore_put(&f->mem, "movies", ID3, json);
}

static void append(char **out, size_t *n, const char *p, size_t len)
{
    *out = realloc(*out, *n + len + 1);
    if (*out == NULL)
        die("memory");
    memcpy(*out + *n, p, len);
    *n += len;
    (*out)[*n] = '\0';
}

static void flatten(const redisReply *r, char **out, size_t *n)
{
    char number[32];
    if (r->type == REDIS_REPLY_ARRAY) {
        append(out, n, "", 0);
        for (size_t i = 0; i < r->elements; i++) {
            if (i > 0)
                append(out, n, "\n", 1);
            flatten(r->element[i], out, n);
        }
    } else if (r->type == REDIS_REPLY_INTEGER) {
        append(out, n, number, (size_t)snprintf(number, sizeof number, "%lld", r->integer));
    } else if (r->type == REDIS_REPLY_ERROR) {
        append(out, n, "-", 1);
        append(out, n, r->str, (size_t)r->len);
    } else if (r->type != REDIS_REPLY_NIL) {
        append(out, n, r->str, (size_t)r->len);
    }
}

/* One connection to each node. */
static redisContext **connection_to(fixture *f, int port)
{
    int i = 0;
    while (i < STAND_IN_NODES - 1 && f->rc[i] != NULL && ((redisContext *)f->rc[i])->tcp.port != port)
        i++;
    return (redisContext **)&f->rc[i];
}

static redisReply *ask(fixture *f, int port, int argc, const char **argv)
{
    redisReply *r = NULL;
    redisContext **rc = connection_to(f, port);
    for (int attempt = 0; attempt < 2 && r == NULL; attempt++) {
        if (*rc == NULL)
            *rc = redisConnect("127.0.0.1", port);
        freeReplyObject(redisCommand(
            *rc, "PING")); /* its reply is sent after all that Redis found ready then: fills that nobody waits for */
        r = redisCommandArgv(*rc, argc, argv, NULL);
        if (r == NULL) { /* the server was restarted */
            redisFree(*rc);
            *rc = NULL;
        }
    }
    return r;
}

static char *command(fixture *f, va_list ap)
{
    const char *argv[64];
    int argc = 0;
    for (const char *p = va_arg(ap, const char *); p != NULL && argc < 64; p = va_arg(ap, const char *))
        argv[argc++] = p;
    if (test_in_memory() && strcmp(argv[0], "FLUSHALL") == 0) {
        mci_memory_flush(MEMORY_NAME);
        return NULL;
    }
    if (test_in_memory())
        test_leave_out(); /* what came before in the test has passed */
    int port[STAND_IN_NODES] = {f->redis.port};
    int nodes = f->stand_in != NULL ? stand_in_ports(f->stand_in, argc, argv, port) : 1;
    if (nodes == 0)
        test_leave_out();
    char *out = NULL;
    size_t n = 0;
    for (int i = 0; i < nodes; i++) {
        redisReply *r = ask(f, port[i], argc, argv);
        if (r == NULL)
            die("Redis does not answer");
        if (out != NULL && r->type == REDIS_REPLY_ARRAY && r->elements > 0 && n > 0)
            append(&out, &n, "\n", 1);
        if (i == 0 || r->type == REDIS_REPLY_ARRAY)
            flatten(r, &out, &n);
        freeReplyObject(r);
    }
    return out;
}

char *fixture_redis(fixture *f, ...)
{
    va_list ap;
    va_start(ap, f);
    char *out = command(f, ap);
    va_end(ap);
    return out;
}

long long fixture_redis_int(fixture *f, ...)
{
    va_list ap;
    va_start(ap, f);
    char *out = command(f, ap);
    va_end(ap);
    long long v = out != NULL ? strtoll(out, NULL, 10) : 0;
    free(out);
    return v;
}

long long fixture_redis_stat(fixture *f, const char *name)
{
    int port[STAND_IN_NODES] = {f->redis.port};
    const char *argv[] = {"INFO", "stats"};
    const char *const anything[] = {"KEYS", "*"};
    int nodes = f->stand_in != NULL ? stand_in_ports(f->stand_in, 2, anything, port) : 1;
    long long sum = 0;
    if (test_in_memory())
        test_leave_out();
    for (int i = 0; i < nodes; i++) {
        redisReply *r = ask(f, port[i], 2, argv);
        const char *at = r != NULL ? strstr(r->str, name) : NULL;
        if (at == NULL)
            die(name);
        sum += strtoll(at + strlen(name) + 1, NULL, 10);
        freeReplyObject(r);
    }
    return sum;
}

double fixture_rating(mc_client *mc, const char *id, mc_info *info)
{
    const mc_movie *m = NULL;
    mc_status st = mc_get_movie(mc, id, &m, info, NULL);
    double r = st == MC_NOT_FOUND ? -1 : -2;
    if (st == MC_OK)
        (void)mc_movie_rating(m, &r);
    mc_movie_unref(m);
    return r;
}

double fixture_stored_rating(fixture *f, const char *id)
{
    char *json = memstore_get(&f->mem, "movies", id);
    const char *at = json != NULL ? strstr(json, "\"rating\":") : NULL;
    double r = at != NULL ? strtod(at + 9, NULL) : -1;
    free(json);
    return r;
}

double fixture_board_rating(mc_client *mc, const char *id)
{
    mc_list *rows = NULL;
    double r = -1;
    if (mc_top_movies(mc, 0, 100, &rows, NULL, NULL) != MC_OK)
        return -2;
    for (size_t i = 0; i < mc_list_size(rows); i++)
        if (strcmp(mc_movie_id(mc_list_movie(rows, i)), id) == 0)
            r = mc_list_score(rows, i);
    mc_list_free(rows);
    return r;
}

int fixture_trips(int redis)
{
    return test_in_memory() ? 0 : redis;
}

enum mc_tier fixture_tier(void)
{
    return test_in_memory() ? MC_TIER_MEMORY : MC_TIER_REDIS;
}

void fixture_sleep_ms(int ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};
    nanosleep(&ts, NULL);
}

void fixture_build_lists(mc_client *mc)
{
    const int tier = (int)fixture_tier();
    mc_info top = {0};
    mc_info near = {0};
    for (int i = 0; i < 10000 && (top.tier != tier || near.tier != tier); i++) {
        mc_list *rows = NULL;
        assert_int_equal(mc_top_movies(mc, 0, 100, &rows, &top, NULL), MC_OK);
        mc_list_free(rows);
        assert_int_equal(mc_nearby_theaters(mc, 10, 10, 1000, 1, &rows, &near, NULL), MC_OK);
        mc_list_free(rows);
    }
}

void fixture_warm_top(mc_client *mc, int64_t count, mc_list **out, mc_info *info)
{
    int left = 100;
    *out = NULL;
    do {
        mc_list_free(*out);
        fixture_build_lists(mc);
        assert_int_equal(mc_top_movies(mc, 0, count, out, info, NULL), MC_OK);
    } while (info->tier != (int)fixture_tier() && left-- > 0);
}
