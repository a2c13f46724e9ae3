/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nearest of 100,000 theaters, most of them in a few towns, against arithmetic over all of them: around any place, the poles and the
 * antimeridian too, in circles as large as the earth. What a call fetches is counted, as are its exchanges.
 */
#include "fixture.h"

#include "actor.h"

#include "base/sphere.h"
#include "base/syncpoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 100000
#define COUNT_MAX 100
#define MEMBER_BYTES 70      /* of a member with its score in a reply, or less */
#define DOCUMENT_BYTES 800   /* of a theater in a reply, or less */
#define FETCHED_MAX 1500     /* members that a call may fetch beyond those asked for */
#define COUNTED_BYTES 100000 /* replies of cells that were counted */

static fixture f;
static mc_client *mc;
static long known = MANY; /* to the database */
static double lon[MANY];
static double lat[MANY];
static double point[MANY + 1][3]; /* of each, on a sphere of radius 1; and a spare one */

static double between(double low, double high)
{
    return low + (high - low) * rand() / (double)RAND_MAX;
}

/* ---- the database ------------------------------------------------------------------------------------------------- */

static mc_status give(mc_document_sink *sink, long i)
{
    char json[300];
    int n = snprintf(json, sizeof json,
                     "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e%06lx\"},\"theaterId\":%ld,\"location\":{\"geo\":{\"type\":"
                     "\"Point\",\"coordinates\":[%.17g,%.17g]}}}",
                     i, i, lon[i], lat[i]);
    return mc_document_sink_add(sink, json, (size_t)n);
}

static long number_of(const char *id)
{
    return strlen(id) == 24 ? strtol(id + 18, NULL, 16) : -1;
}

static mc_status find(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    long i = number_of(id);
    (void)user;
    (void)ms;
    return strcmp(collection, "theaters") != 0 || i < 0 || i >= known ? MC_NOT_FOUND : give(sink, i);
}

static mc_status scan(void *user, const char *collection, const char *after, size_t limit, int64_t ms,
                      mc_document_sink *sink)
{
    (void)user;
    (void)ms;
    mc_status st = MC_OK;
    long from = after[0] == '\0' ? 0 : number_of(after) + 1;
    if (strcmp(collection, "theaters") != 0)
        return MC_OK;
    for (long i = from; st == MC_OK && i < known && i - from < (long)limit; i++)
        st = give(sink, i);
    return st;
}

static mc_client *open_on_it(const char *prefix, const char *quarantine_ms, const char *store_timeout_ms)
{
    mc_client *out = NULL;
    mc_error err = {0};
    mc_options *o = mc_options_new();
    mc_store store;
    mc_store_init(&store, sizeof store);
    store.find = find;
    store.scan = scan;
    if (mc_options_set(o, "cache.uri", f.redis.uri, &err) != MC_OK ||
        mc_options_set(o, "call.timeout_ms", "60000", &err) != MC_OK ||
        mc_options_set(o, "cache.timeout_ms", "20000", &err) != MC_OK ||
        mc_options_set(o, "store.timeout_ms", store_timeout_ms, &err) != MC_OK ||
        mc_options_set(o, "write.quarantine_ms", quarantine_ms, &err) != MC_OK ||
        mc_options_set(o, "cache.prefix", prefix, &err) != MC_OK || mc_open_with_store(o, &store, &out, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return out;
}

/* ---- the answer ---------------------------------------------------------------------------------------------------- */

typedef struct one {
    double far;
    long i;
} one;

#define RAD (3.14159265358979323846 / 180)

static void vector(double x, double y, double out[3])
{
    out[0] = cos(y * RAD) * cos(x * RAD);
    out[1] = cos(y * RAD) * sin(x * RAD);
    out[2] = sin(y * RAD);
}

static void point_all(void)
{
    for (size_t i = 0; i < MANY; i++)
        vector(lon[i], lat[i], point[i]);
}

/* The nearest by arithmetic, of equals the lower id first. Most are known to be too far without a distance: by their angle. */
static size_t nearest(double x, double y, double radius, size_t count, one *best)
{
    size_t n = 0;
    double at_least = -2;
    double from[3];
    vector(x, y, from);
    for (long i = 0; i < MANY; i++) {
        const double *to = point[i];
        double cosine = from[0] * to[0] + from[1] * to[1] + from[2] * to[2];
        if (cosine < at_least)
            continue;
        one o = {mci_sphere_distance(x, y, lon[i], lat[i]), i};
        if (!(o.far <= radius) || (n == count && o.far >= best[n - 1].far))
            continue;
        size_t at = n < count ? n++ : n - 1;
        for (; at > 0 && o.far < best[at - 1].far; at--)
            best[at] = best[at - 1];
        best[at] = o;
        if (n == count) {
            vector(lon[best[n - 1].i], lat[best[n - 1].i], point[MANY]);
            const double *last = point[MANY];
            at_least = from[0] * last[0] + from[1] * last[1] + from[2] * last[2] - 1e-9;
        }
    }
    return n;
}

static void make(void)
{
    double town[40][2];
    srand(20261127);
    for (size_t i = 0; i < 40; i++) {
        town[i][0] = between(-179.9, 179.9);
        town[i][1] = between(-80, 80);
    }
    town[0][0] = 179.95; /* one on the antimeridian, one at each end of the map */
    town[1][1] = 84.9;
    town[2][1] = -84.9;
    for (size_t i = 0; i < MANY; i++) {
        size_t t = (size_t)rand() % 50;
        lon[i] = t < 40 ? town[t][0] + between(-0.05, 0.05) : between(-180, 180);
        lat[i] = t < 40 ? town[t][1] + between(-0.05, 0.05) : between(-85, 85);
        if (lon[i] > 180)
            lon[i] -= 360;
    }
    point_all();
}

static long long bytes_sent(void)
{
    if (test_in_memory())
        return 0;
    return fixture_redis_stat(&f, "total_net_output_bytes");
}

static void check(double x, double y, double radius, size_t count, mc_info *info)
{
    one want[COUNT_MAX];
    mc_list *rows = NULL;
    mc_error err = {0};
    size_t n = nearest(x, y, radius, count, want);
    long long before = bytes_sent();
    if (mc_nearby_theaters(mc, x, y, radius, (int64_t)count, &rows, info, &err) != MC_OK)
        fail_msg("%g %g %g: %s", x, y, radius, err.text);
    long long fetched = bytes_sent() - before - 8000; /* the question itself */
    if (info->tier != (int)fixture_tier())
        fail_msg("%g %g %g: answered by tier %d, flags %x", x, y, radius, (int)info->tier, (unsigned)info->flags);
    if (fetched > (long long)(count + FETCHED_MAX) * MEMBER_BYTES + (long long)count * DOCUMENT_BYTES + COUNTED_BYTES)
        fail_msg("%g %g %g, %zu: %lld bytes were fetched", x, y, radius, count, fetched);
    if (mc_list_size(rows) != n)
        fail_msg("%g %g %g: %zu instead of %zu", x, y, radius, mc_list_size(rows), n);
    for (size_t i = 0; i < n; i++)
        if (number_of(mc_theater_id(mc_list_theater(rows, i))) != want[i].i || mc_list_distance_m(rows, i) != want[i].far)
            fail_msg("%g %g %g: row %zu differs", x, y, radius, i);
    mc_list_free(rows);
}

static void build(void)
{
    mc_error err = {0};
    if (mc_warm(mc, MC_WARM_THEATERS, 1, NULL, NULL, NULL, &err) != MC_OK)
        fail_msg("%s", err.text);
}

static void test_anywhere(void **state)
{
    (void)state;
    mc_info info;
    for (int i = 0; i < 30; i++) {
        double x = i % 3 == 0 ? between(179, 180) : between(-180, 180);
        double y = i % 4 == 0 ? between(82, 85) : i % 4 == 1 ? between(-85, -82) : between(-85, 85);
        double radius = i % 5 == 0 ? 20000000 : pow(10, between(2, 7.3));
        size_t count = i % 6 == 0 ? COUNT_MAX : (size_t)(1 + rand() % 20);
        for (int again = 0; again < 3; again++) /* with what the handle has learned, too */
            check(x, y, radius, count, &info);
        check(x, fmax(-85, fmin(85, y + between(-0.01, 0.01))), radius, count, &info);
    }
    mc_stats stats;
    assert_int_equal(mc_get_stats(mc, &stats), MC_OK);
    assert_int_equal(stats.redis_errors, 0); /* it was never taken for broken */
}

/* In a town: once asked for, one exchange that brings the documents, too; whoever stands beside it needs another one for theirs. */
static void test_exchanges(void **state)
{
    (void)state;
    mc_info info;
    long in_town = 0;
    one some[20];
    while (fabs(lat[in_town]) > 60 || fabs(lon[in_town]) > 170 || nearest(lon[in_town], lat[in_town], 1000, 20, some) < 20)
        in_town++;
    for (int i = 0; i < 4; i++)
        check(lon[in_town], lat[in_town], 500000, 10, &info);
    assert_int_equal(info.redis_round_trips, fixture_trips(1));
    check(lon[in_town], lat[in_town] + 0.0001, 500000, 10, &info);
    check(lon[in_town], lat[in_town] + 0.0001, 500000, 10, &info);
    assert_int_equal(info.redis_round_trips, fixture_trips(1));
}

/* The set changes: what was learned about a place is no answer. */
static void test_outdated_hints(void **state)
{
    (void)state;
    mc_info info;
    double x = 12.5;
    double y = 1.5;
    double moved[2];
    one was[11];
    check(x, y, 20000000, 10, &info);
    check(x, y, 20000000, 10, &info);
    assert_int_equal(nearest(x, y, 20000000, 11, was), 11);
    for (size_t k = 0; k < 11; k++) { /* all who stood there move to the other side */
        lon[was[k].i] = -100 + (double)k;
        lat[was[k].i] = -40;
    }
    moved[0] = lon[50000]; /* and another one comes */
    moved[1] = lat[50000];
    lon[50000] = x;
    lat[50000] = y;
    point_all();
    assert_int_equal(mc_invalidate_all(mc, NULL, NULL), MC_OK);
    mc_list *rows = NULL;
    assert_int_equal(mc_nearby_theaters(mc, x, y, 1000, 1, &rows, &info, NULL), MC_OK); /* whoever asks begins the new set */
    mc_list_free(rows);
    build();
    check(x, y, 20000000, 10, &info);
    check(moved[0], moved[1], 20000000, 10, &info);
    check(x, y, 20000000, 10, &info);
}

static _Atomic int slices;

static void count_slices(const char *where, const char *id)
{
    (void)id;
    slices += strcmp(where, "build:slice") == 0;
}

/* While a set is built once more, since who wrote when Redis had lost everything was not known, a call that looks at it several times does one slice. */
static void test_one_slice_a_call(void **state)
{
    (void)state;
    mc_error err = {0};
    mc_info info;
    int most = 0;
    if (test_in_memory()) /* nothing can be lost there, so nothing is built twice */
        skip();
    known = 20000;
    mc_client *other = open_on_it("fewer:", "5000", "2400");
    if (mc_warm(other, MC_WARM_THEATERS, 1, NULL, NULL, NULL, &err) != MC_OK)
        fail_msg("%s", err.text);
    fixture_sleep_ms(5100); /* from then on the second build is wanted */
    atomic_store(&mci_sync_hook, count_slices);
    for (int i = 0; i < 10; i++) {
        mc_list *rows = NULL;
        slices = 0;
        assert_int_equal(mc_nearby_theaters(other, 36.0 * i - 180, 50, 20000000, 10, &rows, &info, NULL), MC_OK);
        most = slices > most ? slices : most;
        mc_list_free(rows);
    }
    atomic_store(&mci_sync_hook, NULL);
    assert_int_equal(most, 1);
    assert_int_equal(mc_close(other), MC_OK);
    known = MANY;
}

static int set_up(void **state)
{
    (void)state;
    make();
    fixture_start(&f, NULL);
    mc = open_on_it("many:", "70000", "4000");
    build();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)mc_close(mc);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anywhere),
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_outdated_hints),
        cmocka_unit_test(test_one_slice_a_call),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
