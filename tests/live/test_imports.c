/* SPDX-License-Identifier: Apache-2.0 */
/* Imports: what is in the store afterwards does not depend on how the documents were divided among calls. Over every store. */
#include "memstore.h"
#include "servers.h"

#include <mflixcache/mflixcache.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 7

/* Ids by letter, titles name the line. */
static const char lines[N][2] = {{'a', '1'}, {'b', '2'}, {'a', '3'}, {'c', '4'}, {'b', '5'}, {'a', '6'}, {'d', '7'}};

static mc_client *open_on(const char *uri, const mc_store *store)
{
    char nobody[64];
    mc_client *mc = NULL;
    mc_error err;
    mc_options *o = mc_options_new();
    (void)snprintf(nobody, sizeof nobody, "redis://127.0.0.1:%d/0", srv_free_port());
    assert_int_equal(mc_options_set(o, "cache.uri", nobody, &err), MC_OK);
    if (uri != NULL)
        assert_int_equal(mc_options_set(o, "store.uri", uri, &err), MC_OK);
    if ((store != NULL ? mc_open_with_store(o, store, &mc, &err) : mc_open(o, &mc, &err)) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return mc;
}

static void id_of(char out[25], int round, char letter)
{
    (void)snprintf(out, 25, "573a1390f29313caab%04d%02x", round, (unsigned)letter & 0xFF);
}

/* In calls of `each` documents. */
static void import(mc_client *mc, int round, size_t each, int mode, mc_status statuses[N])
{
    char text[N][128];
    const char *json[N];
    size_t sizes[N];
    mc_error err = {0};
    for (size_t i = 0; i < N; i++) {
        char id[25];
        id_of(id, round, lines[i][0]);
        sizes[i] = (size_t)snprintf(text[i], sizeof text[i],
                                    "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"%c\",\"imdb\":{\"rating\":%c.5}}", id,
                                    lines[i][1], lines[i][1]);
        json[i] = text[i];
    }
    for (size_t i = 0; i < N; i += each) {
        size_t n = N - i < each ? N - i : each;
        mc_status st = mc_import_movies(mc, json + i, sizes + i, n, mode, statuses + i, &err);
        if (st != MC_OK)
            fail_msg("%s", err.text);
    }
}

static void assert_stored(mc_client *mc, int round, char letter, const char *title)
{
    char id[25];
    const mc_movie *m = NULL;
    id_of(id, round, letter);
    assert_int_equal(mc_get_movie(mc, id, &m, NULL, NULL), MC_OK);
    assert_string_equal(mc_movie_title(m), title);
    mc_movie_unref(m);
}

static void check(mc_client *mc)
{
    mc_status st[N];
    for (int each = 1; each <= N; each++) {
        import(mc, each, (size_t)each, MC_IMPORT_REPLACE, st);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(st[i], MC_OK);
        assert_stored(mc, each, 'a', "6");
        assert_stored(mc, each, 'b', "5");
        assert_stored(mc, each, 'c', "4");
        assert_stored(mc, each, 'd', "7");
        import(mc, 100 + each, (size_t)each, MC_IMPORT_SKIP, st);
        static const mc_status skipped[N] = {MC_OK, MC_OK, MC_E_EXISTS, MC_OK, MC_E_EXISTS, MC_E_EXISTS, MC_OK};
        assert_memory_equal(st, skipped, sizeof skipped);
        assert_stored(mc, 100 + each, 'a', "1");
        assert_stored(mc, 100 + each, 'b', "2");
    }
    assert_int_equal(mc_close(mc), MC_OK);
}

static void test_callbacks(void **state)
{
    (void)state;
    static memstore mem;
    memstore_init(&mem);
    mc_store table = memstore_table(&mem);
    check(open_on(NULL, &table));
    memstore_free(&mem);
}

#if MFLIXCACHE_WITH_SQLITE
static void test_sqlite(void **state)
{
    (void)state;
    check(open_on("sqlite::memory:", NULL));
}
#endif

#if MFLIXCACHE_WITH_MONGODB
static void test_mongodb(void **state)
{
    (void)state;
    srv server;
    srv_start_mongo(&server, NULL);
    check(open_on(server.uri, NULL));
    srv_stop(&server);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callbacks),
#if MFLIXCACHE_WITH_SQLITE
        cmocka_unit_test(test_sqlite),
#endif
#if MFLIXCACHE_WITH_MONGODB
        cmocka_unit_test(test_mongodb),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
