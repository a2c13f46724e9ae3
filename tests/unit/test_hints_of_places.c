/* SPDX-License-Identifier: Apache-2.0 */
/* What a handle has learned about the places that were asked for: radius, ids, and when neither is known. */
#include "base/places.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const ids[] = {"a", "bb", "ccc"};

static double radius(mci_places *p, double lon, double lat, double radius_m, size_t wanted, size_t *n)
{
    mci_places_hint h;
    mci_places_find(p, lon, lat, radius_m, wanted, &h);
    if (h.n > 0) {
        const char *first = h.ids;
        assert_string_equal(first, "a");
        assert_string_equal(first + 2, "bb");
    }
    *n = h.n;
    free(h.ids);
    return h.radius_m;
}

static void test_radius(void **state)
{
    (void)state;
    size_t n = 0;
    mci_places *p = mci_places_new();
    assert_non_null(p);
    assert_true(isnan(radius(p, 10.1, 10.1, 5000, 3, &n)) && n == 0);
    mci_places_keep(
        p, &(mci_places_outcome){.lon = 10.1, .lat = 10.1, .radius_m = 5000, .wanted = 3, .n = 3, .reach_m = 800}, ids);
    assert_true(radius(p, 10.1, 10.1, 5000, 3, &n) == 800 && n == 3);
    assert_true(radius(p, 10.1, 10.1, 9000, 3, &n) == 800 && n == 3); /* there is no nearer one beyond */
    assert_true(radius(p, 10.1, 10.1, 300, 3, &n) == 300 && n == 0);  /* never more than asked for */
    assert_true(isnan(radius(p, 10.1, 10.1, 5000, 4, &n)));
    double beside = radius(p, 10.1, 10.101, 5000, 3, &n); /* 111 m to the north */
    assert_true(beside > 800 + 110 && beside < 800 + 113 && n == 0);
    assert_true(isnan(radius(p, 10.1, 10.2, 5000, 3, &n))); /* farther than the answer reached */
    mci_places_free(p);
}

static void test_fewer(void **state)
{
    (void)state;
    size_t n = 0;
    mci_places *p = mci_places_new();
    mci_places_keep(p, &(mci_places_outcome){.lon = 1, .lat = 1, .radius_m = 5000, .wanted = 9, .n = 2, .reach_m = 800},
                    ids);
    assert_true(radius(p, 1, 1, 5000, 9, &n) == 5000 && n == 2);
    assert_true(radius(p, 1, 1, 4000, 9, &n) == 4000 && n == 0);
    assert_true(isnan(radius(p, 1, 1, 6000, 9, &n))); /* there may be more beyond */
    mci_places_free(p);
}

static void test_bounds(void **state)
{
    (void)state;
    size_t n = 0;
    char longer[MCI_PLACES_IDS];
    const char *one[] = {longer, "x"};
    mci_places *p = mci_places_new();
    memset(longer, 'y', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    mci_places_outcome o = {.lon = 2, .lat = 2, .radius_m = 10, .wanted = 2, .n = 2, .reach_m = 5};
    mci_places_keep(p, &o, one);
    assert_true(radius(p, 2, 2, 10, 2, &n) == 5 && n == 0); /* too long to be kept */
    for (int i = 0; i < 20000; i++) {                       /* far more places than it has entries */
        o.lon = -180 + i % 360;
        o.lat = -85 + i / 360 * 1.5;
        mci_places_keep(p, &o, ids);
    }
    assert_true(radius(p, o.lon, o.lat, 10, 2, &n) == 5 && n == 2); /* the last one is there */
    mci_places_free(p);
    mci_places_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_radius), cmocka_unit_test(test_fewer),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
