/* SPDX-License-Identifier: Apache-2.0 */
/* Distances, wrapping circles, places out of scores. */
#include "base/sphere.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_distance(void **state)
{
    (void)state;
    /* The example of Redis' documentation: Palermo to Catania. */
    assert_true(fabs(mci_sphere_distance(13.361389, 38.115556, 15.087269, 37.502669) - 166274.1516) < 1.0);
    assert_true(mci_sphere_distance(5, 5, 5, 5) == 0.0);
    assert_true(fabs(mci_sphere_distance(0, 0, 180, 0) - 6372797.560856 * 3.14159265358979) < 1.0);
}

static void test_wraps(void **state)
{
    (void)state;
    assert_false(mci_sphere_wraps(-93, 45, 100000));
    assert_true(mci_sphere_wraps(179.9, 0, 100000));
    assert_true(mci_sphere_wraps(-179.9, 40, 100000));
    assert_true(mci_sphere_wraps(0, 84.9, 100000));
    assert_true(mci_sphere_wraps(0, 0, 20000000));
    assert_false(mci_sphere_wraps(0, 0, 0));
}

static void test_decode(void **state)
{
    (void)state;
    double lon = 0;
    double lat = 0;
    mci_sphere_decode(3479099956230698.0, &lon, &lat); /* GEOADD 13.361389 38.115556, then ZSCORE */
    assert_true(fabs(lon - 13.361389) < 1e-5 && fabs(lat - 38.115556) < 1e-5);
    const double none[] = {-1, -0.5, 4503599627370496.0, 1e300, -1e300, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(mci_sphere_decode(none[i], &lon, &lat), -1);
        assert_false(mci_sphere_distance(0, 0, lon, lat) <= 1e9); /* within no circle */
    }
    assert_int_equal(mci_sphere_decode(4503599627370495.0, &lon, &lat), 0);
    assert_true(lon < 180 && lat < 85.06);
}

static double between(double low, double high)
{
    return low + (high - low) * rand() / (double)RAND_MAX;
}

/* Every place within a circle lies in one of its cells, no nearer and no farther than the cell says. */
static void test_cover(void **state)
{
    (void)state;
    srand(7);
    for (int i = 0; i < 20000; i++) {
        mci_sphere_cell cell[MCI_SPHERE_CELLS];
        double lon = i % 3 ? between(-180, 180) : 180;
        double lat = i % 5 ? between(-85.05, 85.05) : 85.05;
        double radius = pow(10, between(0, 7.4));
        double x = between(-180, 180);
        double y = between(-85.05, 85.05);
        if (i % 2) { /* a place near by */
            x = fmod(lon + between(-1, 1) * radius / 111000 + 540, 360) - 180;
            y = fmax(-85.05, fmin(85.05, lat + between(-1, 1) * radius / 111000));
        }
        double far = mci_sphere_distance(lon, lat, x, y);
        size_t n = mci_sphere_cover(lon, lat, radius, cell);
        int inside = 0;
        for (size_t k = 0; k < n; k++) {
            double low = 0;
            double high = 0;
            double of = (double)(INT64_C(1) << cell[k].step);
            mci_sphere_scores(&cell[k], &low, &high);
            assert_true(low < high && high <= 4503599627370496.0);
            int in = (int64_t)floor((x + 180) / 360 * of) == cell[k].j &&
                     (int64_t)floor((y + 85.05112878) / 170.10225756 * of) == cell[k].i;
            if (in)
                assert_true(cell[k].near_m <= far && far <= cell[k].far_m);
            inside += in;
        }
        assert_true(inside <= 1);
        if (far <= radius)
            assert_int_equal(inside, 1);
    }
}

static void test_hold(void **state)
{
    (void)state;
    double lon = 180;
    double lat = 85.05112878;
    assert_int_equal(mci_sphere_hold(&lon, &lat), 1);
    assert_true(lon < 180 && lon > 179.999999 && lat < 85.05112878 && lat > 85.051128);
    lon = -180;
    lat = -85.05112878;
    assert_int_equal(mci_sphere_hold(&lon, &lat), 1);
    assert_true(lon == -180 && lat == -85.05112878);
    const double no[][2] = {{180.1, 0}, {-180.1, 0}, {0, 85.06}, {0, -90}, {NAN, 0}, {0, NAN}};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        lon = no[i][0];
        lat = no[i][1];
        assert_int_equal(mci_sphere_hold(&lon, &lat), 0);
    }
    assert_true(mci_sphere_first_radius(0, 10, 5e6) == 5e6);
    assert_true(mci_sphere_first_radius(100000, 10, 2e7) < 500000);
    assert_true(mci_sphere_first_radius(100000, 10, 1000) == 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_distance), cmocka_unit_test(test_wraps),
                                       cmocka_unit_test(test_decode), cmocka_unit_test(test_cover),
                                       cmocka_unit_test(test_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
