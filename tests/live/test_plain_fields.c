/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a document's hash: by default two fields of ours; with plain_fields readable ones beside them, which count for nobody here. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOVIE "mflix:movie:{" ID1 "}"

static fixture f;
static mc_client *plain; /* with movies.plain_fields */

static void start(void)
{
    fixture_reset(&f);
}

static void assert_field(const char *field, const char *text)
{
    char *is = fixture_redis(&f, "HGET", MOVIE, field, NULL);
    if (text == NULL ? is != NULL : is == NULL || strcmp(is, text) != 0)
        fail_msg("%s is %s", field, is != NULL ? is : "not there");
    free(is);
}

static long long fields(void)
{
    return fixture_redis_int(&f, "HLEN", MOVIE, NULL);
}

static void test_two_fields(void **state)
{
    (void)state;
    mc_info info;
    start();
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_int_equal(fields(), 2);
    assert_int_equal(fixture_redis_int(&f, "HEXISTS", MOVIE, "_p", NULL), 1);
    assert_int_equal(fixture_redis_int(&f, "HEXISTS", MOVIE, "_doc", NULL), 1);
    assert_int_equal(mc_update_rating(f.a, ID1, 7.5, NULL, NULL, NULL), MC_OK);
    assert_int_equal(fields(), 2);
    memstore_put(&f.mem, "movies", ID1, NULL);
    assert_int_equal(mc_invalidate(f.a, ID1, NULL, NULL), MC_OK);
    assert_true(fixture_rating(f.a, ID1, &info) == -1);
    assert_int_equal(fields(), 1); /* "not found" has no document */
    assert_true(fixture_rating(f.a, ID1, &info) == -1);
    assert_true(info.flags & MC_FLAG_NEGATIVE);
}

static void test_readable(void **state)
{
    (void)state;
    start();
    assert_true(fixture_rating(plain, ID1, NULL) == 1.0);
    assert_field("title", "One");
    assert_field("rating", "1.0");
    assert_field("votes", "7");
    assert_field("poster", NULL); /* which this movie has not */
    assert_int_equal(mc_update_rating(plain, ID1, 7.25, NULL, NULL, NULL), MC_OK);
    assert_field("rating", "7.25");
    const char *patch = "{\"genres\":[\"Drama\",\"\\\"Noir\\\"\"],\"plot\":null}";
    assert_int_equal(mc_update_movie(plain, ID1, patch, strlen(patch), NULL, NULL, NULL), MC_OK);
    assert_field("genres", "[\"Drama\",\"\\\"Noir\\\"\"]");
    assert_field("plot", NULL);
    const mc_movie *m = NULL;
    mc_info info;
    assert_int_equal(mc_get_movie_document(plain, ID1, &m, &info, NULL), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_string_equal(mc_movie_genre(m, 1), "\"Noir\"");
    mc_movie_unref(m);
}

/* An edit of another client's is not believed, does not make the value corrupt, and goes with the next write. */
static void test_edits_are_ignored(void **state)
{
    (void)state;
    mc_info info;
    start();
    assert_true(fixture_rating(plain, ID1, NULL) == 1.0);
    free(fixture_redis(&f, "HSET", MOVIE, "rating", "9.9", "title", "Forged", "of_theirs", "x", NULL));
    assert_true(fixture_rating(plain, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    free(fixture_redis(&f, "HDEL", MOVIE, "title", NULL));
    assert_true(fixture_rating(plain, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(mc_update_rating(plain, ID1, 2, NULL, NULL, NULL), MC_OK);
    assert_field("rating", "2.0");
    assert_field("title", "One");
    assert_field("of_theirs", NULL);
}

/* Handles with and without the setting share values; no readable field outlives the value that it was written with. */
static void test_both_kinds_of_handles(void **state)
{
    (void)state;
    mc_info info;
    start();
    assert_true(fixture_rating(plain, ID1, NULL) == 1.0);
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(mc_update_rating(f.a, ID1, 5, NULL, NULL, NULL), MC_OK);
    assert_int_equal(fields(), 2);
    assert_true(fixture_rating(plain, ID1, &info) == 5.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(mc_update_rating(plain, ID1, 6, NULL, NULL, NULL), MC_OK);
    assert_field("rating", "6.0");
    assert_int_equal(mc_invalidate(f.a, ID1, NULL, NULL), MC_OK);
    assert_int_equal(fields(), 0);
    assert_true(fixture_rating(f.a, ID1, NULL) == 6.0);
    assert_int_equal(fields(), 2);
}

/* A value as versions before wrote it: text fields and a line of metadata. A miss, and nothing of it stays. */
static void test_old_layout(void **state)
{
    (void)state;
    mc_info info;
    start();
    free(fixture_redis(&f, "HSET", MOVIE, "_m", "M1 D 1 1700000000000 9000000000000 9000000000000 0 SI 00 00 00", "title",
                       "Old", "rating", "9.9", "_doc", "{}", NULL));
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(fields(), 2);
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

/* The title is read out of the packed fields when its document is dropped, and only when those are proven. */
static void test_title_of_what_is_dropped(void **state)
{
    (void)state;
    const mc_movie *m = NULL;
    start();
    assert_int_equal(mc_get_movie_by_title(f.a, "One", &m, NULL, NULL), MC_OK);
    mc_movie_unref(m);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:movie:title:{One}", NULL), 1);
    assert_int_equal(mc_invalidate(f.a, ID1, NULL, NULL), MC_OK);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:movie:title:{One}", NULL), 0);
    assert_int_equal(mc_get_movie_by_title(f.a, "One", &m, NULL, NULL), MC_OK);
    mc_movie_unref(m);
    free(fixture_redis(&f, "HSET", MOVIE, "_p", "none of ours", NULL));
    assert_int_equal(mc_invalidate(f.a, ID1, NULL, NULL), MC_OK);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", MOVIE, NULL), 0);
    free(fixture_redis(&f, "SET", MOVIE, "a text", NULL));
    assert_int_equal(mc_invalidate(f.a, ID1, NULL, NULL), MC_OK);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", MOVIE, NULL), 0);
}

static int setup(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    plain = fixture_open(&f, "movies.plain_fields", "true", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(mc_close(plain), MC_OK);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_fields),        cmocka_unit_test(test_readable),
        cmocka_unit_test(test_edits_are_ignored), cmocka_unit_test(test_both_kinds_of_handles),
        cmocka_unit_test(test_old_layout),        cmocka_unit_test(test_title_of_what_is_dropped)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
