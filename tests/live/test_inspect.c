/* SPDX-License-Identifier: Apache-2.0 */
/* What the cache holds under a name is told as a read would find it, and telling changes nothing. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOVIE "mflix:movie:{" ID1 "}"

static fixture f;

static void assert_told(int what, const char *name, const char *part)
{
    char *text = NULL;
    mc_error err;
    if (mc_inspect(f.a, what, name, &text, &err) != MC_OK)
        fail_msg("%s: %s", name, err.text);
    if (strstr(text, part) == NULL)
        fail_msg("%s is not in %s", part, text);
    mc_free(text);
}

static void test_states_of_a_movie(void **state)
{
    (void)state;
    fixture_reset(&f);
    assert_told(MC_INSPECT_MOVIE, ID1, "{\"kind\":\"movie\",\"name\":\"" ID1 "\",\"key\":\"" MOVIE "\",\"state\":\"none\"}");
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_told(MC_INSPECT_MOVIE, ID1, "\"state\":\"value\",\"bytes\":");
    assert_told(MC_INSPECT_MOVIE, ID1, "\"title\":\"One\"");
    assert_told(MC_INSPECT_MOVIE, ID1, "\"deadline_ms\":");
    assert_int_equal(mc_invalidate_all(f.a, NULL, NULL), MC_OK);
    assert_told(MC_INSPECT_MOVIE, ID1, "\"state\":\"old\"");
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    free(fixture_redis(&f, "HSET", MOVIE, "_p", "x", NULL));
    assert_told(MC_INSPECT_MOVIE, ID1, "\"state\":\"corrupt\",\"bytes\":");
    free(fixture_redis(&f, "SET", MOVIE, "x", NULL));
    assert_told(MC_INSPECT_MOVIE, ID1, "\"state\":\"corrupt\"");
    assert_int_equal(fixture_redis_int(&f, "STRLEN", MOVIE, NULL), 1); /* it is left as it is */
    memstore_put(&f.mem, "movies", ID1, NULL);
    assert_int_equal(mc_invalidate(f.a, ID1, NULL, NULL), MC_OK);
    assert_true(fixture_rating(f.a, ID1, NULL) == -1);
    assert_told(MC_INSPECT_MOVIE, ID1, "\"state\":\"not_found\"");
}

static void test_titles_and_keys(void **state)
{
    (void)state;
    const mc_movie *m = NULL;
    fixture_reset(&f);
    assert_told(MC_INSPECT_TITLE, "One", "\"state\":\"none\"");
    assert_int_equal(mc_get_movie_by_title(f.a, "One", &m, NULL, NULL), MC_OK);
    mc_movie_unref(m);
    assert_told(MC_INSPECT_TITLE, "One", "\"leads_to\":\"" ID1 "\"");
    assert_told(MC_INSPECT_THEATER, "59a47286cfa9a3a73e51e72c", "{\"kind\":\"theater\"");
    assert_told(MC_INSPECT_KEY, "k", "\"key\":\"mflix:kv:{k}\",\"state\":\"none\"");
    assert_int_equal(mc_put(f.a, "k", "abc", 3, 0, NULL, NULL), MC_OK);
    assert_told(MC_INSPECT_KEY, "k", "\"state\":\"value\",\"bytes\":3,\"written_ms\":");
    free(fixture_redis(&f, "SET", "mflix:kv:{theirs}", "x", NULL)); /* its age is nobody's knowledge */
    assert_told(MC_INSPECT_KEY, "theirs", "\"state\":\"value\",\"bytes\":1}");
}

static void test_it_counts_for_nothing(void **state)
{
    (void)state;
    mc_stats before, after;
    char *text = NULL;
    fixture_reset(&f);
    assert_int_equal(mc_get_stats(f.a, &before), MC_OK);
    assert_told(MC_INSPECT_MOVIE, ID1, "none");
    assert_int_equal(mc_get_stats(f.a, &after), MC_OK);
    assert_int_equal(after.reads, before.reads);
    assert_int_equal(after.store_calls, before.store_calls);
    assert_int_equal(after.redis_round_trips, before.redis_round_trips + 1);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mfc:l:" MOVIE, NULL), 0);
    assert_int_equal(mc_inspect(f.a, 4, "x", &text, NULL), MC_E_ARG);
    assert_int_equal(mc_inspect(f.a, MC_INSPECT_MOVIE, NULL, &text, NULL), MC_E_ARG);
    assert_int_equal(mc_inspect(f.a, MC_INSPECT_MOVIE, "xyz", &text, NULL), MC_E_ARG);
    assert_int_equal(mc_inspect(f.a, MC_INSPECT_TITLE, "", &text, NULL), MC_E_ARG);
    assert_null(text);
    assert_int_equal(mc_inspect(f.a, MC_INSPECT_MOVIE, ID1, NULL, NULL), MC_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_of_a_movie),
        cmocka_unit_test(test_titles_and_keys),
        cmocka_unit_test(test_it_counts_for_nothing),
    };
    fixture_start(&f, "ttl.jitter_pct", "0", NULL);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_stop(&f);
    return rc;
}
