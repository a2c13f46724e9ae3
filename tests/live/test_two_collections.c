/* SPDX-License-Identifier: Apache-2.0 */
/* A second collection with a title, a rank and views beside movies, on the same Redis: neither sees a value of the other. */
#include "fixture.h"

#include "api/options.h"
#include "engine/invalidate.h"
#include "engine/open.h"
#include "engine/read.h"
#include "engine/write.h"
#include "index/counter.h"
#include "index/rank.h"
#include "index/unique.h"
#include "schema/schema.h"
#include "store/callback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const mci_field song_fields[] = {
    {"title", "title", MCI_STR}, {"rating", "stars", MCI_REAL}, {"views", "views", MCI_INT}};
static const mci_spec songs = {.name = "songs",
                               .key = "song",
                               .fields = song_fields,
                               .nfields = 3,
                               .id_kind = MCI_ID_AUTO,
                               .alias_field = 0,
                               .rank_field = 1,
                               .lon_field = -1,
                               .lat_field = -1};

static fixture f;
static mci_engine *engine;
static mci_log logger;
static mci_coll *movie;
static mci_coll *song;
static mc_info info;
static mc_error err;

static mci_call call(void)
{
    info = (mc_info){0};
    return (mci_call){.e = engine, .dl = mci_deadline_in(5000), .info = &info, .err = &err};
}

static double stars(mci_coll *coll, const char *id)
{
    mci_call c = call();
    mci_doc *d = NULL;
    double v = -1;
    if (mci_read_one(&c, coll, id, MCI_WANT_FIELDS, &d) == MC_OK && !mci_doc_number(d, (size_t)coll->spec->rank_field, &v))
        v = -2;
    mci_doc_unref(d);
    return v;
}

static mc_status titled(mci_coll *coll, const char *title, char id[MCI_ID_CAP])
{
    mci_call c = call();
    return mci_unique_id(&c, coll, title, strlen(title), id);
}

static void test_values_and_titles(void **state)
{
    (void)state;
    char id[MCI_ID_CAP];
    for (int i = 0; i < 2; i++) { /* out of the database, then out of the cache */
        assert_true(stars(movie, ID1) == 1.0);
        assert_true(stars(song, ID1) == 4.5);
        assert_int_equal(info.cache, i == 0 ? MC_CACHE_MISS : MC_CACHE_HIT);
    }
    for (int i = 0; i < 2; i++) { /* a movie of that title there is, a song there is none; and the other way round */
        assert_int_equal(titled(song, "Two", id), MC_NOT_FOUND);
        assert_int_equal(titled(movie, "Two", id), MC_OK);
        assert_string_equal(id, ID2);
        assert_int_equal(titled(movie, "Refrain", id), MC_NOT_FOUND);
        assert_int_equal(titled(song, "Refrain", id), MC_OK);
        assert_string_equal(id, ID1);
    }
}

static void test_ranks_and_views(void **state)
{
    (void)state;
    mci_row rows[10] = {{0}};
    size_t n = 0;
    int64_t total = 0;
    int64_t rank = -1;
    double score = 0;
    mci_call c = call();
    assert_int_equal(mci_rank_page(&c, song, 0, 10, rows, &n), MC_OK);
    assert_int_equal(n, 1);
    assert_true(rows[0].score == 4.5);
    mci_rows_free(rows, n);
    c = call();
    assert_int_equal(mci_rank_page(&c, movie, 0, 10, rows, &n), MC_OK);
    assert_int_equal(n, 3);
    mci_rows_free(rows, n);
    c = call();
    assert_int_equal(mci_rank_place(&c, movie, ID1, &rank, &score), MC_OK);
    assert_int_equal(rank, 2);
    c = call();
    assert_int_equal(mci_counter_add(&c, movie, ID1, &total), MC_OK);
    c = call();
    assert_int_equal(mci_counter_add(&c, movie, ID1, &total), MC_OK);
    assert_int_equal(total, 2);
    c = call();
    assert_int_equal(mci_counter_top(&c, song, 10, rows, &n), MC_OK);
    assert_int_equal(n, 0);
    c = call();
    assert_int_equal(mci_counter_add(&c, song, ID1, &total), MC_OK);
    assert_int_equal(total, 1);
}

static void test_writes_and_invalidation(void **state)
{
    (void)state;
    mci_patch plan = {0};
    const char *patch = "{\"stars\":2}";
    assert_true(stars(movie, ID1) == 1.0);
    assert_int_equal(mci_json_patch_plan(&songs, patch, strlen(patch), &plan, &err), MC_OK);
    mci_call c = call();
    assert_int_equal(mci_write_update(&c, song, ID1, &plan, NULL), MC_OK);
    assert_true(stars(song, ID1) == 2.0);
    assert_true(stars(movie, ID1) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* the movie of that id was left alone */
    c = call();
    assert_int_equal(mci_invalidate_id(&c, song, ID1), MC_OK);
    assert_true(stars(movie, ID1) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    fixture_reset(&f);
    memstore_put(&f.mem, "songs", ID1, "{\"_id\":{\"$oid\":\"" ID1 "\"},\"title\":\"Refrain\",\"stars\":4.5,\"views\":7}");
    mc_options *o = mc_options_new();
    if (o == NULL || mc_options_set(o, "cache.uri", f.redis.uri, &err) != MC_OK)
        return -1;
    mci_store *store = NULL;
    mc_store table = memstore_table(&f.mem);
    if (mci_log_init(&logger) != 0 || mci_store_callback_open(&table, NULL, &mci_engine_store_env, &store, &err) != MC_OK ||
        mci_engine_open(mci_options_settings(o), store, &logger, &engine, &err) != MC_OK ||
        mci_engine_add(engine, &mci_movies_spec[MCI_ID_AUTO], 60000, &movie, &err) != MC_OK ||
        mci_engine_add(engine, &songs, 60000, &song, &err) != MC_OK)
        return -1;
    mc_options_free(o);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mci_engine_close(engine);
    mci_log_destroy(&logger);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_titles),
        cmocka_unit_test(test_ranks_and_views),
        cmocka_unit_test(test_writes_and_invalidation),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
