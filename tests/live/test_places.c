/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places near a point are the same with and without Redis: at random, across the antimeridian, around the poles, in circles as large as
 * the earth, and for theaters on the very edges of what a geo set takes. No search fetches all of a set.
 */
#include "fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 2500

static fixture f;
static mc_client *alone; /* asks the database */

static void put(int number, double lon, double lat)
{
    char id[25];
    char json[512];
    snprintf(id, sizeof id, "59a47286cfa9a3a73e5%05x", number);
    snprintf(
        json, sizeof json,
        "{\"_id\":{\"$oid\":\"%s\"},\"theaterId\":%d,\"location\":{\"address\":{\"city\":\"C\"},\"geo\":{\"type\":\"Point\","
        "\"coordinates\":[%.10f,%.10f]}}}",
        id, number, lon, lat);
    memstore_put(&f.mem, "theaters", id, json);
}

static double between(double low, double high)
{
    return low + (high - low) * rand() / (double)RAND_MAX;
}

static size_t ask(mc_client *mc, double lon, double lat, double radius, int64_t count, mc_list **rows, mc_info *info)
{
    mc_error err = {0};
    if (mc_nearby_theaters(mc, lon, lat, radius, count, rows, info, &err) != MC_OK)
        fail_msg("%g %g %g: %s", lon, lat, radius, err.text);
    return mc_list_size(*rows);
}

/* Callers build the set in turn, a little each: until the cache answers. */
static void build_set(void)
{
    mc_list *rows = NULL;
    mc_info info = {.tier = MC_TIER_STORE};
    for (int i = 0; i < 1000 && info.tier == MC_TIER_STORE; i++) {
        assert_true(ask(f.a, 0, 0, 1000, 1, &rows, &info) <= 1);
        mc_list_free(rows);
    }
    assert_int_equal(info.tier, fixture_tier());
}

/* One circle both ways: the same theaters, in the same order, at the same distances and places. */
static size_t same(double lon, double lat, double radius, int64_t count)
{
    mc_list *by_redis = NULL;
    mc_list *by_store = NULL;
    mc_info info;
    size_t n = ask(f.a, lon, lat, radius, count, &by_redis, &info);
    assert_int_equal(info.tier, fixture_tier());
    size_t k = ask(alone, lon, lat, radius, count, &by_store, &info);
    if (n != k)
        fail_msg("%g %g %g: %zu by Redis, %zu by the store", lon, lat, radius, n, k);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(mc_theater_id(mc_list_theater(by_redis, i)), mc_theater_id(mc_list_theater(by_store, i))) != 0)
            fail_msg("%g %g %g: row %zu differs", lon, lat, radius, i);
        assert_true(mc_list_distance_m(by_redis, i) == mc_list_distance_m(by_store, i));
        double a[2];
        double b[2];
        assert_int_equal(mc_list_location(by_redis, i, &a[0], &a[1]), MC_OK);
        assert_int_equal(mc_list_location(by_store, i, &b[0], &b[1]), MC_OK);
        assert_true(a[0] == b[0] && a[1] == b[1]);
    }
    mc_list_free(by_redis);
    mc_list_free(by_store);
    return n;
}

static void test_edges(void **state)
{
    (void)state;
    const double limit = 85.05112878;
    const double edges[][2] = {{180, 0},      {-180, 1},         {180, limit},       {-180, -limit},  {180, -limit},
                               {-180, limit}, {0, limit},        {0, -limit},        {180, 45},       {-180, 45},
                               {0, 0},        {179.9999999, 10}, {-179.9999999, 10}, {90, 85.0511287}};
    fixture_reset(&f);
    size_t count = sizeof edges / sizeof edges[0];
    for (size_t i = 0; i < count; i++)
        put((int)i, edges[i][0], edges[i][1]);
    put(100, 10, 85.06); /* beyond what a geo set holds: nowhere, by whomever is asked */
    put(101, 10, -90);
    put(102, 180.5, 0);
    for (size_t i = 0; i < count; i++) {
        double lon = edges[i][0];
        double lat = edges[i][1];
        assert_true(same(lon, lat, 0, 1) == 1); /* it is where it is */
        (void)same(lon, lat, 1000, 5);
        (void)same(-lon, lat, 500000, 20);
    }
    assert_int_equal(same(0, 0, 20100000, 100), count);
}

static void test_anywhere(void **state)
{
    (void)state;
    fixture_reset(&f);
    srand(20261126);
    for (int i = 0; i < MANY; i++) /* half in one country, as theaters are; half anywhere */
        put(i, i % 2 ? between(-120, -75) : between(-180, 180), i % 2 ? between(30, 48) : between(-85, 85));
    build_set();
    for (int i = 0; i < 60; i++)
        (void)same(between(-180, 180), between(-85, 85), pow(10, between(2, 7.3)), 1 + rand() % 40);
    for (int i = 0; i < 15; i++) { /* where GEOSEARCH leaves members out */
        (void)same(between(175, 180), between(-85, 85), pow(10, between(4, 7.3)), 10);
        (void)same(between(-180, 180), between(80, 85), pow(10, between(4, 7.3)), 10);
        (void)same(between(-180, 180), between(-85, -80), pow(10, between(4, 7.3)), 50);
    }
}

static void test_never_the_whole_set(void **state)
{
    (void)state;
    mc_list *rows = NULL;
    mc_info info;
    fixture_reset(&f);
    for (int i = 0; i < MANY; i++)
        put(i, between(-120, -75), between(30, 48));
    build_set();
    const double circles[][3] = {
        {180, 0, 20100000}, {0, 85, 20100000}, {-100, 40, 20100000}, {-100, 40, 5000000}, {100, -80, 15000000}};
    for (size_t i = 0; i < sizeof circles / sizeof circles[0]; i++) {
        size_t n = ask(f.a, circles[i][0], circles[i][1], circles[i][2], 10, &rows, &info);
        assert_int_equal(n, 10);
        mc_list_free(rows); /* the documents are cached now */
        free(fixture_redis(&f, "CONFIG", "RESETSTAT", NULL));
        n = ask(f.a, circles[i][0], circles[i][1], circles[i][2], 10, &rows, &info);
        assert_int_equal(n, 10);
        assert_int_equal(info.tier, fixture_tier());
        mc_list_free(rows);
        long long bytes = fixture_redis_stat(&f, "total_net_output_bytes");
        if (bytes > MANY * 60 / 2) /* a member takes about 60 bytes with its score */
            fail_msg("%g %g %g: %lld bytes", circles[i][0], circles[i][1], circles[i][2], bytes);
    }
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, "call.timeout_ms", "120000", "store.timeout_ms", "60000", "write.quarantine_ms", "130000", NULL);
    alone = fixture_open(&f, "read.tiers", "store", "call.timeout_ms", "120000", "store.timeout_ms", "60000",
                         "write.quarantine_ms", "130000", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)mc_close(alone);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_anywhere),
        cmocka_unit_test(test_never_the_whole_set),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
