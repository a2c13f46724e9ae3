/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Redis that lies, against every public function: more than was asked, numbers out of range, wrong kinds, counts and lengths. Whatever it
 * says, a call returns with a status of the list, hands out only what it claims to be, and works again when the lies end.
 */
#include "calls.h"
#include "fixture.h"
#include "liar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THEATER "59a47286cfa9a3a73e51e72c"
#define ROUNDS 60

static fixture f;
static liar l;
static mc_client *mc;
static int bad_ids; /* ids that reached the store and are none */

static mc_status (*plain_find)(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink);

static mc_status checked_find(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    if (strlen(id) != 24 || strspn(id, "0123456789abcdef") != 24)
        bad_ids++;
    return plain_find(user, collection, id, ms, sink);
}

static void open_client(void)
{
    mc_error err;
    mc_options *o = mc_options_new();
    static const char *const set[][2] = {{"cache.timeout_ms", "300"},     {"cache.backoff_min_ms", "1"},
                                         {"cache.backoff_max_ms", "2"},   {"cache.breaker_failures", "1000"},
                                         {"call.timeout_ms", "5000"},     {"read.lease_ms", "200"},
                                         {"write.quarantine_ms", "3000"}, {"store.timeout_ms", "1000"}};
    assert_int_equal(mc_options_set(o, "cache.uri", l.uri, &err), MC_OK);
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        if (mc_options_set(o, set[i][0], set[i][1], &err) != MC_OK)
            fail_msg("%s", err.text);
    mc_store table = memstore_table(&f.mem);
    plain_find = table.find;
    table.find = checked_find;
    if (mc_open_with_store(o, &table, &mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
}

static void theaters(void)
{
    char json[300];
    for (int i = 0; i < 8; i++) {
        char id[25];
        snprintf(id, sizeof id, "59a47286cfa9a3a73e51e7%02x", 0x2c + i);
        snprintf(json, sizeof json,
                 "{\"_id\":{\"$oid\":\"%s\"},\"theaterId\":%d,\"location\":{\"address\":{\"city\":\"C\"},"
                 "\"geo\":{\"type\":\"Point\",\"coordinates\":[%d.5,45.0]}}}",
                 id, 1000 + i, i < 4 ? -93 : 170 + i);
        memstore_put(&f.mem, "theaters", id, json);
    }
}

static void start(void)
{
    liar_set(&l, NULL, NULL);
    fixture_reset(&f);
    theaters();
}

static void call_all(void)
{
    for (size_t i = 0; i < ncalls; i++) {
        mc_info info = {0};
        mc_error err = {0};
        mc_status st = calls[i].run(mc, &info, &err);
        if (!call_status_known(st))
            fail_msg("%s gave status %d", calls[i].name, st);
        if (st < 0 && err.text[0] == '\0')
            fail_msg("%s gave %s and no text", calls[i].name, mc_status_name(st));
    }
}

/* Honest again: the right answers, at once or after the pause of the breaker. */
static void works_again(void)
{
    mc_info info;
    liar_set(&l, NULL, NULL);
    free(fixture_redis(&f, "FLUSHALL", NULL));
    for (int i = 0; i < 2000 && mc_ping(mc, NULL, NULL, NULL) != MC_OK; i++)
        fixture_sleep_ms(5);
    assert_true(fixture_rating(mc, ID1, NULL) == 1.0);
    for (int i = 0; i < 2000; i++) { /* a wrong clock may make it distrust new values for a while */
        assert_true(fixture_rating(mc, ID1, &info) == 1.0);
        if (info.cache == MC_CACHE_HIT)
            break;
        fixture_sleep_ms(5);
    }
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(bad_ids, 0);
}

/* ---- more than was asked ------------------------------------------------------------------------------------------ */

/* Every array comes with its items many times over. */
static void more(void *user, const mci_reply *command, const mci_reply *honest, mci_buf *out)
{
    const int *times = user;
    (void)command;
    if (honest->type != MCI_REPLY_ARRAY || honest->len == 0 || liar_is(command, "TIME"))
        return;
    mci_buf_fmt(out, "*%zu\r\n", honest->len * (size_t)*times);
    for (int k = 0; k < *times; k++)
        for (size_t i = 0; i < honest->len; i++)
            liar_write(out, honest->u.items[i]);
}

static void test_more_than_asked(void **state)
{
    (void)state;
    start();
    call_all(); /* the lists are built */
    call_all();
    for (int times = 2; times <= 2000; times *= 10) {
        liar_set(&l, more, &times);
        call_all();
    }
    works_again();
}

/* ---- numbers ------------------------------------------------------------------------------------------------------ */

static const char *const numbers[] = {
    "9223372036854775807", "-9223372036854775808",           "-1", "9007199254740993", "1e300", "-1e300", "inf", "nan", "0",
    "4503599627370496",    "1000000000000000000000000000000"};

static int is_number(const mci_reply *r)
{
    double v = 0;
    return r->type == MCI_REPLY_INT || mci_reply_double(r, &v) == 0;
}

/* The reply with each number in it replaced: an integer by an integer where the text is one, else by the text. */
static void with_number(const mci_reply *r, const char *number, mci_buf *out)
{
    int64_t v = 0;
    mci_reply text = {.type = MCI_REPLY_STRING, .len = strlen(number), .u.str = number};
    if (r == NULL || (r->type != MCI_REPLY_ARRAY && !is_number(r))) {
        liar_write(out, r);
    } else if (r->type == MCI_REPLY_ARRAY) {
        mci_buf_fmt(out, "*%zu\r\n", r->len);
        for (size_t i = 0; i < r->len; i++)
            with_number(r->u.items[i], number, out);
    } else if (r->type == MCI_REPLY_INT && mci_reply_int(&text, &v) == 0) {
        mci_buf_fmt(out, ":%s\r\n", number);
    } else {
        liar_write(out, &text);
    }
}

typedef struct number_lie {
    const char *number;
    int times; /* lie in the server's TIME as well */
} number_lie;

static void other_numbers(void *user, const mci_reply *command, const mci_reply *honest, mci_buf *out)
{
    const number_lie *lie = user;
    if (liar_is(command, "TIME") == lie->times)
        with_number(honest, lie->number, out);
}

static void test_numbers(void **state)
{
    (void)state;
    start();
    call_all();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        for (int times = 0; times < 2; times++) {
            number_lie lie = {numbers[i], times};
            liar_set(&l, other_numbers, &lie);
            if (times) {
                assert_int_equal(mc_close(mc), MC_OK); /* TIME is asked on a new connection */
                open_client();
            }
            call_all();
            liar_set(&l, NULL, NULL);
        }
        works_again();
    }
}

/* ---- anything ----------------------------------------------------------------------------------------------------- */

static uint64_t seed;

static unsigned below(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % n);
}

static const char *const texts[] = {"",
                                    "! 0",
                                    "0 -",
                                    "0 ../../etc/passwd}{x",
                                    "x' OR '1'='1",
                                    "L",
                                    "V",
                                    "W",
                                    "Q",
                                    "0 573a1390f29313caabcd4802",
                                    "573a1390f29313caabcd4802",
                                    "573A1390F29313CAABCD4802",
                                    "M1 D 0 1 2 3 0 S 0000000000000000 0000000000000000 0000000000000000",
                                    "left 1 0 ",
                                    "left 99999999999999999999 0 x",
                                    "\xff\xfe\x80",
                                    "OK"};
static const char *const errors[] = {"-ERR x\r\n",
                                     "-NOSCRIPT No matching script.\r\n",
                                     "-WRONGTYPE x\r\n",
                                     "-LOADING x\r\n",
                                     "-OOM x\r\n",
                                     "-READONLY x\r\n",
                                     "-MOVED 1 a:1\r\n",
                                     "-NOPERM x\r\n",
                                     "-\r\n"};
static const char *const raw[] = {"$-2\r\n",
                                  "*2147483647\r\n",
                                  ":12x\r\n",
                                  "hello\r\n",
                                  "+OK\r\n+OK\r\n",
                                  "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
                                  "$9000000000000000000\r\n",
                                  "*200001\r\n",
                                  ">1\r\n+a\r\n",
                                  "%1\r\n+a\r\n+b\r\n",
                                  "\r\n",
                                  ",1.5\r\n"};

static void scalar(mci_buf *out)
{
    switch (below(9)) {
    case 0:
        mci_buf_str(out, "$-1\r\n");
        break;
    case 1:
        mci_buf_str(out, "*0\r\n");
        break;
    case 2:
        mci_buf_str(out, errors[below(sizeof errors / sizeof errors[0])]);
        break;
    case 3: {
        const char *t = numbers[below(sizeof numbers / sizeof numbers[0])];
        mci_buf_fmt(out, "$%zu\r\n%s\r\n", strlen(t), t);
        break;
    }
    case 4:
        mci_buf_fmt(out, ":%s\r\n", numbers[below(4)]);
        break;
    case 5:
        mci_buf_fmt(out, ":%u\r\n", below(3));
        break;
    case 6: {
        size_t n = below(2) ? 257 : 70000;
        mci_buf_fmt(out, "$%zu\r\n", n);
        for (size_t i = 0; i < n; i++)
            mci_buf_char(out, (char)below(256));
        mci_buf_str(out, "\r\n");
        break;
    }
    default: {
        const char *t = texts[below(sizeof texts / sizeof texts[0])];
        mci_buf_fmt(out, "$%zu\r\n%s\r\n", strlen(t), t);
        break;
    }
    }
}

static void twist(const mci_reply *r, mci_buf *out);

static void twist_array(const mci_reply *r, mci_buf *out)
{
    size_t times = 1;
    size_t n = r->len;
    unsigned how = below(6);
    if (how == 0)
        times = 1 + below(40);
    if (how == 1)
        n = below((unsigned)n + 1); /* fewer */
    size_t extra = how == 2 ? 1 + below(3) : 0;
    size_t victim = n > 0 ? below((unsigned)n) : 0;
    mci_buf_fmt(out, "*%zu\r\n", n * times + extra);
    for (size_t k = 0; k < times; k++) {
        for (size_t i = 0; i < n; i++) {
            if (how >= 3 && i == victim)
                twist(r->u.items[i], out);
            else
                liar_write(out, r->u.items[how == 2 ? n - 1 - i : i]);
        }
    }
    for (size_t i = 0; i < extra; i++)
        scalar(out);
}

static void twist(const mci_reply *r, mci_buf *out)
{
    unsigned how = below(10);
    if (r != NULL && r->type == MCI_REPLY_ARRAY && how < 8) {
        twist_array(r, out);
    } else if (r != NULL && r->type == MCI_REPLY_STRING && r->len > 0 && how < 5) {
        /* the text itself, one byte changed, cut, or longer */
        size_t n = how == 1 ? below((unsigned)r->len) : r->len + (how == 2);
        size_t at = below((unsigned)r->len);
        mci_buf_fmt(out, "$%zu\r\n", n);
        for (size_t i = 0; i < n; i++)
            mci_buf_char(out, i == r->len ? 'x' : i == at && how > 2 ? (char)below(256) : r->u.str[i]);
        mci_buf_str(out, "\r\n");
    } else {
        scalar(out);
    }
}

static void anything(void *user, const mci_reply *command, const mci_reply *honest, mci_buf *out)
{
    const unsigned *one_in = user;
    if (below(*one_in * (liar_is(command, "TIME") ? 4 : 1)) != 0)
        return;
    if (below(12) == 0)
        mci_buf_str(out, raw[below(sizeof raw / sizeof raw[0])]);
    else
        twist(honest, out);
}

static void test_anything(void **state)
{
    (void)state;
    const char *from_outside = getenv("MFLIX_SEED");
    uint64_t first = from_outside != NULL ? strtoull(from_outside, NULL, 10) : 20240601;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        unsigned one_in = round % 3 == 0 ? 2 : round % 3 == 1 ? 5 : 15;
        seed = (first + round) * UINT64_C(0x9E3779B97F4A7C15) | 1;
        start();
        if (round % 2)
            call_all();
        liar_set(&l, anything, &one_in);
        call_all();
        call_all();
        works_again();
    }
}

static int start_all(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    liar_start(&l, f.redis.port);
    open_client();
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    (void)mc_close(mc);
    liar_stop(&l);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_more_than_asked), cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_anything)};
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
