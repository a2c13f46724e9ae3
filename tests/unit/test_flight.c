/* SPDX-License-Identifier: Apache-2.0 */
/* Single flight: who may join a load, and how long a load that ended can be found. */
#include "engine/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T1 "00000000000000000000000000000001"
#define T2 "00000000000000000000000000000002"
#define T3 "00000000000000000000000000000003"
#define EPOCH 7

static mci_family movies;
static mci_family theaters;
static mci_flights f;

static mci_flight *join(const char *token, const char *id, int64_t epoch)
{
    return mci_flight_join(&f, token, strlen(token), &movies, id, epoch, 0);
}

/* The load is done: its outcome, at once. */
static void assert_landed(mci_flight *fl, mc_status expected)
{
    mc_status st = MC_E_TIMEOUT;
    mci_doc *doc = NULL;
    assert_non_null(fl);
    assert_int_equal(mci_flight_wait(&f, fl, EPOCH, MCI_NO_DEADLINE, &st, &doc), 0);
    assert_int_equal(st, expected);
    assert_null(doc);
}

static mci_flight *leased(const char *token, const char *id)
{
    mci_flight *fl = mci_flight_begin(&f, token, &movies, id);
    mci_flight_leased(&f, fl, EPOCH);
    return fl;
}

static int set_up(void **state)
{
    (void)state;
    return mci_flights_init(&f);
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < MCI_FLIGHT_BUCKETS; i++)
        assert_null(f.bucket[i]);
    mci_flights_destroy(&f);
    return 0;
}

/* Nobody asks: what ended is forgotten. */
static void test_forgotten(void **state)
{
    (void)state;
    mci_flight *fl = leased(T1, "a");
    mci_flight *joined = join(T1, "a", EPOCH);
    mci_flight_land(&f, fl, MC_NOT_FOUND, NULL);
    assert_landed(joined, MC_NOT_FOUND);
    assert_null(join(T1, "a", EPOCH));
}

/* Redis tells the second thread that the first holds the lease; by the time it looks, the first is done. */
static void test_kept_for_who_asks(void **state)
{
    (void)state;
    mci_flight *fl = leased(T1, "a");
    mci_flight *asks = mci_flight_begin(&f, T2, &movies, "a");
    mci_flight *third = mci_flight_begin(&f, T3, &movies, "a");
    mci_flight_land(&f, fl, MC_NOT_FOUND, NULL);
    assert_landed(join(T1, "a", EPOCH), MC_NOT_FOUND);
    assert_null(join(T1, "a", EPOCH + 1)); /* all was invalidated between */
    mci_flight_land(&f, asks, MC_E_CACHE, NULL);
    assert_null(join(T2, "a", EPOCH)); /* it never had the lease */
    assert_landed(join(T1, "a", EPOCH), MC_NOT_FOUND);
    mci_flight_land(&f, third, MC_E_CACHE, NULL);
    assert_null(join(T1, "a", EPOCH));
}

/* Who asks gets a lease of its own: it no longer needs what ended. */
static void test_forgotten_with_a_lease(void **state)
{
    (void)state;
    mci_flight *fl = leased(T1, "a");
    mci_flight *asks = mci_flight_begin(&f, T2, &movies, "a");
    mci_flight_land(&f, fl, MC_NOT_FOUND, NULL);
    mci_flight_leased(&f, asks, EPOCH);
    assert_null(join(T1, "a", EPOCH));
    mci_flight_land(&f, asks, MC_NOT_FOUND, NULL);
}

static void test_of_another_id(void **state)
{
    (void)state;
    mci_flight *fl = leased(T1, "a");
    mci_flight *other = mci_flight_begin(&f, T2, &theaters, "a");
    mci_flight *b = mci_flight_begin(&f, T3, &movies, "b");
    assert_null(join(T1, "b", EPOCH));
    mci_flight_land(&f, fl, MC_NOT_FOUND, NULL);
    assert_null(join(T1, "a", EPOCH)); /* they ask about something else */
    mci_flight_land(&f, other, MC_E_CACHE, NULL);
    mci_flight_land(&f, b, MC_E_CACHE, NULL);
}

static mci_flight *share(const char *id, int64_t after_ns)
{
    return mci_flight_share(&f, &movies, id, after_ns);
}

static void assert_shared(mci_flight *fl, int outcome)
{
    mc_status st = MC_OK;
    mci_doc *doc = NULL;
    assert_non_null(fl);
    assert_int_equal(mci_flight_wait(&f, fl, MCI_ANY_EPOCH, mci_now_ns() + INT64_C(60000000000), &st, &doc), outcome);
    assert_null(doc);
}

/* By the time at which the lease was asked for, under way and when it has landed; never what got no lease. */
static void test_shared(void **state)
{
    (void)state;
    int64_t before = mci_now_ns() - 1;
    mci_flight *fl = mci_flight_begin(&f, T1, &movies, "a");
    int64_t begun = mci_flight_begun_ns(fl);
    assert_null(share("a", begun)); /* that read began later */
    assert_null(share("b", before));
    assert_null(mci_flight_share(&f, &theaters, "a", before));
    mci_flight *early = share("a", before);
    mci_flight_leased(&f, fl, EPOCH);
    mci_flight_land(&f, fl, MC_NOT_FOUND, NULL);
    assert_shared(early, 0);
    assert_shared(share("a", before), 0);
    assert_null(share("a", begun));
    fl = mci_flight_begin(&f, T2, &movies, "c");
    early = share("c", before);
    mci_flight_land(&f, fl, MC_E_CACHE, NULL);
    assert_shared(early, -1);
    assert_null(share("c", before));
    assert_shared(share("a", before), 0); /* the last that landed is kept */
}

/* Without leases the token is all. */
static void test_entered(void **state)
{
    (void)state;
    int first = 0;
    int second = 1;
    mci_flight *fl = mci_flight_enter(&f, T1, &first);
    mci_flight *same = mci_flight_enter(&f, T1, &second);
    assert_true(first && !second && fl == same);
    mci_flight_land(&f, fl, MC_NOT_FOUND, NULL);
    assert_landed(same, MC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kept_for_who_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forgotten_with_a_lease, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_another_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_entered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
