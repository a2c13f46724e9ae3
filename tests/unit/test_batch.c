/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as bytes, replies out of bytes cut anywhere. */
#include "redis/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_encoding(void **state)
{
    (void)state;
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "SET");
    mci_arg(&b, "k\r\n\0x", 5); /* any byte */
    mci_arg_int(&b, -7);
    mci_arg_double(&b, 8.7);
    mci_cmd(&b, "GET");
    mci_key(&b, "p:{", "id");
    mci_batch_seal(&b);
    static const char want[] =
        "*4\r\n$3\r\nSET\r\n$5\r\nk\r\n\0x\r\n$2\r\n-7\r\n$3\r\n8.7\r\n*2\r\n$3\r\nGET\r\n$6\r\np:{id}\r\n";
    assert_int_equal(b.out.len, sizeof want - 1);
    assert_memory_equal(b.out.data, want, sizeof want - 1);
    assert_int_equal(b.n, 2);
    mci_batch_free(&b);
}

/* What does not fit fails the batch: a command is never sent without one of its arguments. */
static void test_too_long(void **state)
{
    (void)state;
    static const size_t sizes[] = {((size_t)64 << 20) + 1, (size_t)64 << 20, ((size_t)64 << 20) - 40};
    char *big = calloc(1, sizes[0]);
    assert_non_null(big);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        mci_batch b;
        mci_batch_init(&b);
        mci_cmd(&b, "SET");
        mci_arg_str(&b, "k");
        mci_arg(&b, big, sizes[i]);
        mci_batch_seal(&b);
        assert_int_equal(b.out.failed, 1);
        mci_batch_free(&b);
    }
    free(big);
}

static const char stream[] =
    "$5\r\nhello\r\n:42\r\n+OK\r\n-ERR no\r\n$-1\r\n*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n:3\r\n*0\r\n*-1\r\n";

static void check(mci_reply *const r[8])
{
    int64_t i = 0;
    assert_true(mci_reply_is(r[0], "hello"));
    assert_int_equal(mci_reply_int(r[1], &i), 0);
    assert_int_equal(i, 42);
    assert_true(mci_reply_is(r[2], "OK"));
    assert_int_equal(mci_reply_error(r[3], "x", NULL), MC_E_CACHE);
    assert_int_equal(r[4]->type, MCI_REPLY_NIL);
    assert_int_equal(r[5]->len, 3);
    assert_int_equal(mci_reply_item(mci_reply_item(r[5], 1), 1)->type, MCI_REPLY_NIL);
    assert_null(mci_reply_item(r[5], 3));
    assert_int_equal(r[6]->len, 0);
}

/* The stream, cut into pieces of every size. */
static void test_decoding(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < sizeof stream; piece++) {
        mci_decoder *d = mci_decoder_new();
        mci_arena a;
        mci_reply *got[8] = {NULL};
        size_t n = 0;
        const char *why = NULL;
        mci_arena_init(&a, 1 << 20);
        mci_decoder_arena(d, &a);
        for (size_t at = 0; at < sizeof stream - 1; at += piece) {
            size_t len = sizeof stream - 1 - at < piece ? sizeof stream - 1 - at : piece;
            assert_int_equal(mci_decoder_feed(d, stream + at, len), 0);
            while (n < 8 && mci_decoder_take(d, &got[n], &why) == 1)
                n++;
        }
        assert_int_equal(n, 8);
        check(got);
        assert_int_equal(mci_decoder_left(d), 0);
        mci_decoder_free(d);
        mci_arena_free(&a);
    }
}

static void test_limits(void **state)
{
    (void)state;
    /* -1: no reply; -2: above a limit. Each at its announcement, before a byte of it has come. */
    static const struct {
        const char *text;
        int rc;
        size_t size;
    } bad[] = {{"*2147483647\r\n", -2, 0},
               {"?\r\n", -1, 0},
               {"$999999999999999999999\r\n", -1, 0},
               {"*300000\r\n", -2, 0},
               {"$9000000000000000000\r\n", -2, 9000000000000000000u},
               {"$67108865\r\n", -2, 67108865},
               {"*2\r\n$1\r\na\r\n$536870912\r\nxxx", -2, 536870912},
               {"$67108864\r\n", -2, 0}, /* may be read, but not into this arena */
               {"$5000\r\n", -2, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mci_decoder *d = mci_decoder_new();
        mci_arena a;
        mci_reply *r = NULL;
        const char *why = NULL;
        mci_arena_init(&a, 4096);
        mci_decoder_arena(d, &a);
        assert_int_equal(mci_decoder_feed(d, bad[i].text, strlen(bad[i].text)), 0);
        assert_int_equal(mci_decoder_take(d, &r, &why), bad[i].rc);
        assert_non_null(why);
        assert_int_equal(mci_reply_too_big(r), bad[i].rc == -2);
        if (bad[i].rc == -2) {
            assert_int_equal(r->len, bad[i].size);
            assert_int_equal(mci_reply_error(r, "what", NULL), MC_E_TOOBIG);
        }
        mci_decoder_free(d);
        mci_arena_free(&a);
    }
}

/* A line without end is given up early: looking for its end anew with each piece would take time by the square of its length. */
static void test_lines_end(void **state)
{
    (void)state;
    static const char *const heads[] = {"+", "-", ":", "$", "*", "*2\r\n:1\r\n$", "*1\r\n+"};
    char piece[4096];
    memset(piece, '1', sizeof piece);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        mci_decoder *d = mci_decoder_new();
        mci_arena a;
        mci_reply *r = NULL;
        const char *why = NULL;
        int rc = 0;
        int pieces = 0;
        mci_arena_init(&a, (size_t)256 << 20);
        mci_decoder_arena(d, &a);
        assert_int_equal(mci_decoder_feed(d, heads[i], strlen(heads[i])), 0);
        for (; rc == 0 && pieces < 1000; pieces++) {
            assert_int_equal(mci_decoder_feed(d, piece, sizeof piece), 0);
            rc = mci_decoder_take(d, &r, &why);
        }
        assert_int_equal(rc, -1);
        assert_int_equal(pieces, 17);
        assert_true(mci_decoder_left(d) < 80000);
        assert_null(r);
        mci_decoder_free(d);
        mci_arena_free(&a);
    }
}

/* What waits in the decoder counts as well: one text of the largest size, and nothing beside it. */
static void test_undecoded_bytes(void **state)
{
    (void)state;
    mci_decoder *d = mci_decoder_new();
    mci_arena a;
    mci_reply *r = NULL;
    const char *why = NULL;
    static const char head[] = "*2\r\n$8000\r\n";
    char body[8004];
    memset(body, 'x', 8000);
    memcpy(body + 8000, "\r\n", 2);
    mci_arena_init(&a, 16000);
    mci_decoder_arena(d, &a);
    assert_int_equal(mci_decoder_feed(d, head, sizeof head - 1), 0);
    assert_int_equal(mci_decoder_take(d, &r, &why), 0);
    assert_int_equal(mci_decoder_awaits(d), 8000);
    assert_int_equal(mci_decoder_feed(d, body, 8002), 0);
    assert_int_equal(mci_decoder_take(d, &r, &why), 0);
    assert_int_equal(mci_decoder_awaits(d), 0);
    assert_int_equal(mci_decoder_feed(d, "$8000\r\n", 7), 0); /* what is taken and this would not fit */
    assert_int_equal(mci_decoder_take(d, &r, &why), -2);
    assert_true(mci_reply_too_big(r));
    mci_decoder_free(d);
    mci_arena_free(&a);
}

/* Times, counts, places: what no Redis can mean is not a number. */
static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } cases[] = {{"0", 0},
                 {"1700000000000", 1700000000000},
                 {"9007199254740992", 9007199254740992},
                 {"9007199254740993", -1},
                 {"9223372036854775807", -1},
                 {"9223372036854775808", -1},
                 {"-1", -1},
                 {"-9223372036854775808", -1},
                 {"", -1},
                 {"1.5", -1},
                 {" 1", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t v = -1;
        mci_reply r = {.type = MCI_REPLY_STRING, .len = strlen(cases[i].text), .u.str = cases[i].text};
        assert_int_equal(mci_reply_count(&r, &v), cases[i].want < 0 ? -1 : 0);
        assert_int_equal(v, cases[i].want);
        int64_t n = 0;
        if (mci_reply_int(&r, &n) != 0)
            continue;
        r = (mci_reply){.type = MCI_REPLY_INT, .u.i = n};
        v = -1;
        assert_int_equal(mci_reply_count(&r, &v), cases[i].want < 0 ? -1 : 0);
        assert_int_equal(v, cases[i].want);
    }
    mci_reply other = {.type = MCI_REPLY_ARRAY};
    int64_t v = 0;
    assert_int_equal(mci_reply_count(&other, &v), -1);
    assert_int_equal(mci_reply_count(NULL, &v), -1);
}

static void test_error_replies(void **state)
{
    (void)state;
    struct {
        const char *text;
        mc_status want;
    } known[] = {{"NOAUTH x", MC_E_AUTH},     {"WRONGPASS x", MC_E_AUTH},      {"NOPERM x", MC_E_AUTH},
                 {"MOVED 1 x", MC_E_CLUSTER}, {"CLUSTERDOWN x", MC_E_CLUSTER}, {"LOADING x", MC_E_CACHE},
                 {"OOM x", MC_E_CACHE},       {"READONLY x", MC_E_CACHE},      {"ERR x", MC_E_CACHE}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        mci_reply r = {.type = MCI_REPLY_ERROR, .len = strlen(known[i].text), .u.str = known[i].text};
        mc_error err;
        assert_int_equal(mci_reply_error(&r, "what", &err), known[i].want);
        assert_non_null(strstr(err.text, "what"));
    }
    assert_int_equal(mci_reply_error(NULL, "what", NULL), MC_E_PROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_too_long),        cmocka_unit_test(test_encoding),
                                       cmocka_unit_test(test_decoding),        cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_error_replies),   cmocka_unit_test(test_lines_end),
                                       cmocka_unit_test(test_undecoded_bytes), cmocka_unit_test(test_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
