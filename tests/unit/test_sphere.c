/* SPDX-License-Identifier: Apache-2.0 */
/* Distances, wrapping circles, places out of scores. */
#include "engine/sphere.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_distance), cmocka_unit_test(test_wraps),
                                       cmocka_unit_test(test_decode)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
