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
    mci_cmd(&b, "SET", 4);
    mci_arg(&b, "k\r\n\0x", 5); /* any byte */
    mci_arg_int(&b, -7);
    mci_arg_double(&b, 8.7);
    mci_cmd(&b, "GET", 2);
    mci_arg_join(&b, "p:{", "id", 2, "}");
    static const char want[] =
        "*4\r\n$3\r\nSET\r\n$5\r\nk\r\n\0x\r\n$2\r\n-7\r\n$3\r\n8.7\r\n*2\r\n$3\r\nGET\r\n$6\r\np:{id}\r\n";
    assert_int_equal(b.out.len, sizeof want - 1);
    assert_memory_equal(b.out.data, want, sizeof want - 1);
    assert_int_equal(b.n, 2);
    mci_batch_free(&b);
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
    const char *bad[] = {"*2147483647\r\n", "?\r\n", "$999999999999999999999\r\n", "*300000\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mci_decoder *d = mci_decoder_new();
        mci_arena a;
        mci_reply *r = NULL;
        const char *why = NULL;
        mci_arena_init(&a, 4096);
        mci_decoder_arena(d, &a);
        assert_int_equal(mci_decoder_feed(d, bad[i], strlen(bad[i])), 0);
        assert_int_equal(mci_decoder_take(d, &r, &why), -1);
        assert_non_null(why);
        mci_decoder_free(d);
        mci_arena_free(&a);
    }
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_encoding), cmocka_unit_test(test_decoding),
                                       cmocka_unit_test(test_limits), cmocka_unit_test(test_error_replies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
