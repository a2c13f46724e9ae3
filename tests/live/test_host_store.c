/* SPDX-License-Identifier: Apache-2.0 */
/* A database of the host's own behind the cache: how often it is asked. Every step is counted, none is timed. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;

static mc_client *open_over(const mc_store *table)
{
    mc_error err;
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", f.redis.uri, &err), MC_OK);
    assert_int_equal(mc_open_with_store(o, table, &mc, &err), MC_OK);
    mc_options_free(o);
    return mc;
}

static void read_four(mc_client *mc, int flags)
{
    static const char *const ids[] = {ID3, "573a1390f29313caabcd48ff", ID1, ID3};
    const mc_movie *out[4];
    mc_status st[4];
    mc_info infos[4];
    assert_int_equal(mc_get_movies(mc, ids, 4, out, st, infos, NULL), MC_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(st[i], i == 1 ? MC_NOT_FOUND : MC_OK);
        assert_int_equal(infos[i].cache, flags);
        assert_string_equal(i == 1 ? ids[i] : mc_movie_id(out[i]), ids[i]);
        mc_movie_unref(out[i]);
    }
}

static void test_a_batch_that_misses_is_one_question(void **state)
{
    (void)state;
    fixture_reset(&f);
    mc_store table = memstore_table(&f.mem);
    table.find_many = memstore_find_many;
    mc_client *mc = open_over(&table);
    f.mem.finds = f.mem.finds_many = 0;
    read_four(mc, MC_CACHE_MISS);
    assert_int_equal(f.mem.finds_many, 1);
    assert_int_equal(f.mem.finds, 0);
    read_four(mc, MC_CACHE_HIT); /* and "not found" is cached, too */
    assert_int_equal(f.mem.finds_many, 1);
    assert_int_equal(mc_close(mc), MC_OK);
}

/* Without find_many every one that misses is a question, and the answers are the same. */
static void test_without_find_many_each_is_a_question(void **state)
{
    (void)state;
    fixture_reset(&f);
    mc_store table = memstore_table(&f.mem);
    mc_client *mc = open_over(&table);
    f.mem.finds = f.mem.finds_many = 0;
    read_four(mc, MC_CACHE_MISS);
    assert_int_equal(f.mem.finds_many, 0);
    assert_int_equal(f.mem.finds, 3);
    assert_int_equal(mc_close(mc), MC_OK);
}

/* What a database that fails says of a batch is said of each. */
static void test_a_batch_that_fails(void **state)
{
    (void)state;
    static const char *const ids[] = {ID1, ID2};
    const mc_movie *out[2];
    mc_status st[2];
    mc_error err;
    fixture_reset(&f);
    mc_store table = memstore_table(&f.mem);
    table.find_many = memstore_find_many;
    mc_client *mc = open_over(&table);
    f.mem.fail_reads = MC_E_STORE;
    assert_int_equal(mc_get_movies(mc, ids, 2, out, st, NULL, &err), MC_OK);
    assert_int_equal(st[0], MC_E_STORE);
    assert_int_equal(st[1], MC_E_STORE);
    assert_non_null(strstr(err.text, "find_many"));
    assert_true(out[0] == NULL && out[1] == NULL);
    f.mem.fail_reads = 0;
    assert_int_equal(mc_close(mc), MC_OK);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_that_misses_is_one_question),
        cmocka_unit_test(test_without_find_many_each_is_a_question),
        cmocka_unit_test(test_a_batch_that_fails),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
