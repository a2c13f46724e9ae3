/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors of movies and theaters: what a rating may be, and that each descriptor names fields of its own. */
#include "schema/schema.h"

#include "base/packed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_rating_from_0_to_10(void **state)
{
    (void)state;
    const double good[] = {0, 0.1, 9.999, 10};
    const double bad[] = {-0.1, 10.01, INFINITY, -INFINITY, NAN};
    mc_error err = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double rating = good[i];
        assert_int_equal(mci_movie_check_rating(&rating, &err), MC_OK);
        assert_true(rating == good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double rating = bad[i];
        assert_int_equal(mci_movie_check_rating(&rating, &err), MC_E_RANGE);
        assert_string_equal(err.text, "rating must be a number from 0 to 10");
    }
    double rating = -0.0;
    assert_int_equal(mci_movie_check_rating(&rating, &err), MC_OK);
    assert_false(signbit(rating));
}

static void assert_descriptor(const mci_spec *spec, int id_kind)
{
    assert_int_equal(spec->id_kind, id_kind);
    assert_true(spec->nfields > 0 && spec->nfields <= MCI_MAX_FIELDS);
    const int named[] = {spec->alias_field, spec->rank_field, spec->lon_field, spec->lat_field};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        assert_true(named[i] >= -1 && named[i] < (int)spec->nfields);
    if (spec->fingerprint != mci_packed_fingerprint(spec)) /* what was cached and stored with other fields is not believed */
        fail_msg("the fields of %s have changed: their fingerprint is 0x%08x now", spec->name, mci_packed_fingerprint(spec));
    if (spec->rank_field >= 0) {
        assert_int_equal(spec->fields[spec->rank_field].kind, MCI_REAL);
        assert_true(spec->rank_min < spec->rank_max);
    }
    for (size_t i = 0; i < spec->nfields; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(spec->fields[i].name, spec->fields[k].name);
}

static void test_descriptors(void **state)
{
    (void)state;
    for (int kind = MCI_ID_OBJECTID; kind <= MCI_ID_AUTO; kind++) {
        assert_descriptor(&mci_movies_spec[kind], kind);
        assert_descriptor(&mci_theaters_spec[kind], kind);
    }
    const mci_spec *movies = &mci_movies_spec[MCI_ID_OBJECTID];
    assert_string_equal(movies->fields[movies->rank_field].path, MCI_RATING_PATH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rating_from_0_to_10), cmocka_unit_test(test_descriptors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
