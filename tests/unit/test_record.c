/* SPDX-License-Identifier: Apache-2.0 */
/* A session's record: times only move forward, and what a token says is never less than what the record knows. */
#include "engine/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1700000000000)

static mci_record a;
static mci_record b;

static void forget(void)
{
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
}

/* From a to b. */
static void hand_over(int64_t oldest)
{
    mci_buf text;
    mc_error err = {0};
    mci_buf_init(&text, MCI_RECORD_TOKEN_MAX + 1);
    mci_record_write(&a, oldest, &text);
    assert_false(text.failed);
    assert_true(text.len <= MCI_RECORD_TOKEN_MAX);
    assert_int_equal(strspn(text.data, "0123456789abcdefmcsz.-"), text.len);
    if (mci_record_read(&b, text.data, NOW, &err) != MC_OK)
        fail_msg("%s: %s", text.data, err.text);
    mci_buf_free(&text);
}

static void test_times_move_forward(void **state)
{
    (void)state;
    forget();
    assert_int_equal(mci_record_at(&a, "movies", 0, "x"), 0);
    mci_record_note(&a, "movies", 0, "x", 50);
    mci_record_note(&a, "movies", 0, "x", 40);
    assert_int_equal(mci_record_at(&a, "movies", 0, "x"), 50);
    assert_int_equal(mci_record_at(&a, "movies", 1, "x"), 0); /* a title is not an id */
    assert_int_equal(mci_record_at(&a, "theaters", 0, "x"), 0);
    assert_int_equal(mci_record_lists(&a), 0);
    mci_record_note_lists(&a, 60);
    assert_int_equal(mci_record_lists(&a), 60);
    assert_int_equal(mci_record_at(&a, "movies", 0, "x"), 50);
}

static void test_handed_over(void **state)
{
    (void)state;
    char id[16];
    for (int n = 0; n < 400; n = n * 2 + 1) {
        forget();
        for (int i = 0; i < n; i++) {
            (void)snprintf(id, sizeof id, "id%d", i);
            mci_record_note(&a, "movies", i % 2, id, NOW - 1000 + i);
        }
        mci_record_note_lists(&a, NOW - 5000);
        mci_record_note(&b, "movies", 0, "own", NOW - 1);
        hand_over(0);
        for (int i = 0; i < n; i++) {
            (void)snprintf(id, sizeof id, "id%d", i);
            assert_true(mci_record_at(&b, "movies", i % 2, id) >= NOW - 1000 + i);
        }
        assert_int_equal(mci_record_lists(&b), NOW - 5000);
        assert_true(mci_record_at(&b, "movies", 0, "own") >= NOW - 1);
        if (n <= 31) /* as long as there is room, others are not asked for more */
            assert_true(mci_record_at(&b, "movies", 0, "another") <= (n == 0 ? 0 : NOW));
        if (n == 0)
            assert_int_equal(mci_record_at(&b, "movies", 0, "another"), 0);
    }
}

/* What is too old to be cached anywhere is not told. */
static void test_old_ones_are_left_out(void **state)
{
    (void)state;
    forget();
    mci_record_note(&a, "movies", 0, "old", 1000);
    mci_record_note_lists(&a, 1000);
    mci_record_note(&a, "movies", 0, "new", 3000);
    hand_over(2000);
    assert_int_equal(mci_record_at(&b, "movies", 0, "old"), 0);
    assert_int_equal(mci_record_lists(&b), 0);
    assert_int_equal(mci_record_at(&b, "movies", 0, "new"), 3000);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mc_status status;
    } bad[] = {
        {"", MC_E_ARG},
        {"mcs1.z", MC_E_ARG},
        {"mcs1.0.0z", MC_E_ARG},
        {"mcs2.0.0.0z", MC_E_ARG},
        {"mcs1.0.0.0.z", MC_E_ARG},
        {"mcs1.0.0.5.1z", MC_E_ARG},
        {"mcs1.0.0.5.400-1z", MC_E_ARG}, /* a place that is not there: 1024 */
        {"mcs1.0.0.5.1-5z", MC_E_ARG},   /* before all time */
        {"mcs1.0.0.5.1-1 z", MC_E_ARG},
        {"mcs1.0.0.5.1-1.z", MC_E_ARG},
        {"mcs1.0.0.5.1-1", MC_E_ARG}, /* cut off */
        {"mcs1.0.0.5", MC_E_ARG},
        {"mcs1.0.0.5.1-1zz", MC_E_ARG},
        {"mcs1.0.0.5z.1-1z", MC_E_ARG},
        {"mcs1.0.0.-5z", MC_E_ARG},
        {"mcs1.0.0.Az", MC_E_ARG},
        {"mcs1.fffffffffffffff.0.0z", MC_E_ARG},     /* 15 digits */
        {"mcs1.20000000000001.0.0z", MC_E_ARG},      /* above 2^53 */
        {"mcs1.0.0.1ffffffffffff.1-1z", MC_E_RANGE}, /* of times to come */
        {"mcs1.0.1ffffffffffff.0z", MC_E_RANGE},
        {"mcs1.1ffffffffffff.0.0z", MC_E_RANGE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mc_error err = {0};
        forget();
        if (mci_record_read(&a, bad[i].text, NOW, &err) != bad[i].status)
            fail_msg("%s: %s", bad[i].text, err.text);
        assert_int_equal(strncmp(err.text, "token: ", 7), 0);
        assert_memory_equal(&a, &b, sizeof a); /* nothing was taken over */
    }
    char many[4096] = "mcs1.0.0.ffff";
    for (int i = 0; i < MCI_TOKEN_PLACES + 1; i++)
        (void)snprintf(many + strlen(many), sizeof many - strlen(many), ".%x-1%s", i, i == MCI_TOKEN_PLACES ? "z" : "");
    assert_int_equal(mci_record_read(&a, many, NOW, NULL), MC_E_ARG);
    memset(many, '1', sizeof many - 1);
    memcpy(many, "mcs1.", 5);
    assert_int_equal(mci_record_read(&a, many, NOW, NULL), MC_E_ARG);
    assert_memory_equal(&a, &b, sizeof a);
}

/* One that a cookie had no room for says less than its session knows: it is no token. */
static void test_cut_off(void **state)
{
    (void)state;
    char id[16];
    forget();
    for (int i = 0; i < 10; i++) {
        (void)snprintf(id, sizeof id, "id%d", i);
        mci_record_note(&a, "movies", 0, id, NOW - 1000 + i);
    }
    mci_buf text;
    mci_buf_init(&text, MCI_RECORD_TOKEN_MAX + 1);
    mci_record_write(&a, 0, &text);
    assert_false(text.failed);
    for (size_t n = text.len; n-- > 0;) {
        text.data[n] = '\0';
        assert_int_equal(mci_record_read(&b, text.data, NOW, NULL), MC_E_ARG);
    }
    mci_buf_free(&text);
    assert_int_equal(mci_record_at(&b, "movies", 0, "id0"), 0);
}

/* Any text at all: refused or taken, never more. */
static void test_any_text(void **state)
{
    (void)state;
    static const char letters[] = "0123456789abcdef.-.-zmcs1 \x7f";
    char text[64];
    uint64_t seed = 5;
    for (int i = 0; i < 200000; i++) {
        size_t n = (size_t)(seed >> 40) % 40;
        (void)snprintf(text, sizeof text, "mcs1.");
        for (size_t k = 0; k < n; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            text[5 + k] = letters[(seed >> 33) % (sizeof letters - 1)];
        }
        text[5 + n] = '\0';
        seed += (uint64_t)i;
        mc_status st = mci_record_read(&a, text, NOW, NULL);
        assert_true(st == MC_OK || st == MC_E_ARG || st == MC_E_RANGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_move_forward),
        cmocka_unit_test(test_handed_over),
        cmocka_unit_test(test_old_ones_are_left_out),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
