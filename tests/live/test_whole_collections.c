/* SPDX-License-Identifier: Apache-2.0 */
/* Counting and exporting a collection: all of it in order, stopped by the caller, and what a store cannot do. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 450 /* more than two pages */

typedef struct seen {
    mc_client *mc;
    int n;
    int stop_after; /* 0: never */
    char last[64];
    mc_status inside; /* of a call on the same handle from within */
} seen;

static int take(void *user, const char *json, size_t size)
{
    seen *s = user;
    const char *id = strstr(json, "\"$oid\":\"");
    char now[25] = "";
    assert_int_equal(size, strlen(json));
    assert_non_null(id);
    (void)snprintf(now, sizeof now, "%.24s", id + 8);
    assert_true(strcmp(now, s->last) > 0);
    (void)snprintf(s->last, sizeof s->last, "%s", now);
    s->n++;
    if (s->n == 1)
        s->inside = mc_invalidate(s->mc, now, NULL, NULL);
    return s->n == s->stop_after;
}

static mc_client *sqlite(void)
{
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", "memory:", NULL), MC_OK);
    assert_int_equal(mc_options_set(o, "store.uri", "sqlite::memory:", NULL), MC_OK);
    assert_int_equal(mc_open(o, &mc, NULL), MC_OK);
    mc_options_free(o);
    return mc;
}

static void test_all_of_it(void **state)
{
    (void)state;
    static char json[N][96];
    const char *texts[N];
    size_t sizes[N];
    mc_status statuses[N];
    int64_t n = -1;
    mc_client *mc = sqlite();
    assert_int_equal(mc_count_movies(mc, &n, NULL), MC_OK);
    assert_int_equal(n, 0);
    seen s = {.mc = mc};
    assert_int_equal(mc_export_movies(mc, take, &s, NULL), MC_OK);
    assert_int_equal(s.n, 0);
    for (int i = 0; i < N; i++) {
        (void)snprintf(json[i], sizeof json[i], "{\"_id\":{\"$oid\":\"%024x\"},\"title\":\"%d\"}", (unsigned)(N - i), i);
        texts[i] = json[i];
        sizes[i] = strlen(json[i]);
    }
    assert_int_equal(mc_import_movies(mc, texts, sizes, N, MC_IMPORT_SKIP, statuses, NULL), MC_OK);
    assert_int_equal(mc_count_movies(mc, &n, NULL), MC_OK);
    assert_int_equal(n, N);
    assert_int_equal(mc_count_theaters(mc, &n, NULL), MC_OK);
    assert_int_equal(n, 0);
    s = (seen){.mc = mc};
    assert_int_equal(mc_export_movies(mc, take, &s, NULL), MC_OK);
    assert_int_equal(s.n, N);
    assert_int_equal(s.inside, MC_E_REENTRANT);
    s = (seen){.mc = mc, .stop_after = 250};
    mc_error err;
    assert_int_equal(mc_export_movies(mc, take, &s, &err), MC_E_ABORT);
    assert_int_equal(s.n, 250);
    assert_int_equal(mc_export_theaters(mc, take, &s, NULL), MC_OK);
    assert_int_equal(mc_export_movies(mc, NULL, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_count_movies(mc, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_close(mc), MC_OK);
}

static void test_callback_store(void **state)
{
    (void)state;
    fixture f;
    int64_t n = 5;
    mc_error err;
    fixture_start(&f, NULL);
    fixture_reset(&f);
    seen s = {.mc = f.a};
    mc_status st = mc_export_movies(f.a, take, &s, &err);
    assert_true((st == MC_OK && s.n == 3) || st == MC_E_UNSUPPORTED);
    st = mc_count_movies(f.a, &n, &err);
    assert_true((st == MC_OK && n == 3) || (st == MC_E_UNSUPPORTED && n == 0));
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_it),
        cmocka_unit_test(test_callback_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
