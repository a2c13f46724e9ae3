/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Redis that goes back in time, step by step: a restart from an old dump, a replica that lagged and was promoted, a primary that was another's replica for a
 * while, one that is cut off and does not know. Nothing older than what was acknowledged is read, and without the safeguards it is.
 */
#include "stage.h"

#include "base/syncpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* A value is cached; the dump or the replica knows of it, and of nothing later; the film changes; the server is lost. What does a new handle read? */
static double old_value_comes_back(stage_kind kind)
{
    stage g;
    mc_info info = {0};
    stage_set_up(&g, kind);
    stage_cache(g.mc, 1.0);
    mc_stats st;
    assert_int_equal(mc_get_stats(g.mc, &st), MC_OK);
    assert_int_equal(st.redis_up, 1);
    int slot = stage_slot(&g);
    int old = kind == STAGE_ONE ? 0 : topology_primary(&g.t, slot);
    assert_true(old >= 0);
    if (kind == STAGE_ONE) {
        free(topology_ask(&g.t.node[0], "SAVE"));
    } else {
        topology_await_copies(&g.t, old);
        topology_hold_replicas(&g.t, old, 1);
    }
    assert_int_equal(mc_update_rating(g.mc, FILM, 2.0, NULL, &info, NULL), MC_OK);
    assert_true(stage_rating(g.mc, &info) == 2.0);
    srv_kill(&g.t.node[old]);
    if (kind == STAGE_ONE)
        srv_start_again(&g.t.node[old]);
    else
        (void)topology_await_other(&g.t, slot, old);
    mc_client *stranger = stage_open(&g, NULL);
    double seen = stage_rating(stranger, &info);
    print_message("read %.0f, %s\n", seen, info.cache == MC_CACHE_HIT ? "from Redis" : "from the database");
    assert_int_equal(mc_close(stranger), MC_OK);
    stage_take_down(&g);
    return seen;
}

static void test_old_values(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++)
        assert_true(old_value_comes_back((stage_kind)kind) == 2.0);
}

static void test_old_values_believed(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_TERM);
    for (int kind = 0; kind < 3; kind++)
        assert_true(old_value_comes_back((stage_kind)kind) == 1.0);
}

/* ---- A, B, A ------------------------------------------------------------------------------------------------------- */

static void order(const srv *s, const char *command)
{
    char *out = topology_ask(s, command);
    if (out == NULL || strcmp(out, "OK") != 0)
        fail_msg("%s: %s", command, out != NULL ? out : "no answer");
    free(out);
}

static void nap_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* The server is made a replica of one that it never reaches, so that it keeps what it has, and a primary again; meanwhile the film has changed elsewhere. What does the
 * handle read that was there all the time, and what a new one? */
static void there_and_back(double seen[2])
{
    stage g;
    srv other;
    mc_info info;
    char uri[32];
    stage_set_up(&g, STAGE_ONE);
    srv_start_redis(&other, NULL);
    mc_client *handle = stage_open(&g, "cache.topology_check_ms", "200", NULL);
    stage_cache(handle, 1.0);
    order(&g.t.node[0], "REPLICAOF 127.0.0.1 1");
    snprintf(uri, sizeof uri, "redis://127.0.0.1:%d", other.port);
    mc_client *there = stage_open(&g, "cache.uri", uri, NULL);
    assert_int_equal(mc_update_rating(there, FILM, 2.0, NULL, &info, NULL), MC_OK);
    order(&g.t.node[0], "REPLICAOF NO ONE");
    nap_ms(250); /* longer changes nothing */
    seen[0] = stage_rating(handle, &info);
    mc_client *stranger = stage_open(&g, NULL);
    seen[1] = stage_rating(stranger, &info);
    assert_int_equal(mc_close(handle), MC_OK);
    assert_int_equal(mc_close(there), MC_OK);
    assert_int_equal(mc_close(stranger), MC_OK);
    srv_stop(&other);
    stage_take_down(&g);
}

static void test_there_and_back(void **state)
{
    (void)state;
    double seen[2];
    there_and_back(seen);
    assert_true(seen[0] == 2.0 && seen[1] == 2.0);
}

static void test_there_and_back_believed(void **state)
{
    (void)state;
    double seen[2];
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_TERM);
    there_and_back(seen);
    assert_true(seen[0] == 1.0 && seen[1] == 1.0);
}

/* ---- a primary that does not know that it is none any more ---------------------------------------------------------- */

#define CHECK_MS 500

/* It is cut off from replicas and Sentinels, and reached by this handle all the time. The film is changed by a handle that knows the new one. */
static double read_from_the_old(void)
{
    stage g;
    mc_info info;
    stage_set_up(&g, STAGE_SENTINEL);
    mc_client *handle = stage_open(&g, "cache.topology_check_ms", "500", NULL);
    stage_cache(handle, 1.0);
    int old = topology_primary(&g.t, 0);
    assert_true(old >= 0);
    topology_cut(&g.t, old, 1);
    (void)topology_await_other(&g.t, 0, old);
    nap_ms(CHECK_MS); /* a majority names another: so long it may go on with the old one */
    mc_client *stranger = stage_open(&g, "cache.topology_check_ms", "500", NULL);
    assert_int_equal(mc_update_rating(stranger, FILM, 2.0, NULL, &info, NULL), MC_OK);
    double seen = stage_rating(handle, &info);
    assert_int_equal(mc_close(stranger), MC_OK);
    assert_int_equal(mc_close(handle), MC_OK);
    topology_cut(&g.t, old, 0);
    stage_take_down(&g);
    return seen;
}

static void test_old_primary_is_left(void **state)
{
    (void)state;
    assert_true(read_from_the_old() == 2.0);
}

static void test_old_primary_is_believed(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_POLL | MCI_SAFEGUARD_CONFIRM);
    assert_true(read_from_the_old() == 1.0);
}

/* ---- write.wait_replicas -------------------------------------------------------------------------------------------- */

static void test_enough_replicas(void **state)
{
    (void)state;
    stage g;
    mc_info info;
    stage_set_up(&g, STAGE_SENTINEL);
    mc_client *safe = stage_open(&g, "write.wait_replicas", "2", NULL);
    mc_client *strict = stage_open(&g, "write.wait_replicas", "2", "write.mode", "strict", NULL);
    nap_ms(1100); /* nobody can believe an earlier primary by now: topology_check_ms */
    assert_int_equal(mc_update_rating(safe, FILM, 2.0, NULL, &info, NULL), MC_OK);
    assert_int_equal(info.flags & ~(unsigned)MC_FLAG_FILLED, 0);
    assert_int_equal(mc_update_rating(strict, FILM, 3.0, NULL, &info, NULL), MC_OK);
    assert_int_equal(info.flags & ~(unsigned)MC_FLAG_FILLED, 0);
    stage_cache(strict, 3.0);
    assert_int_equal(mc_close(safe), MC_OK);
    assert_int_equal(mc_close(strict), MC_OK);
    stage_take_down(&g);
}

static void test_too_few_replicas(void **state)
{
    (void)state;
    stage g;
    mc_info info;
    mc_error err;
    stage_set_up(&g, STAGE_ONE);
    mc_client *safe = stage_open(&g, "write.wait_replicas", "1", "cache.timeout_ms", "1000", NULL);
    mc_client *strict = stage_open(&g, "write.wait_replicas", "1", "cache.timeout_ms", "1000", "write.mode", "strict", NULL);
    assert_int_equal(mc_update_rating(safe, FILM, 2.0, NULL, &info, NULL), MC_OK);
    assert_true(info.flags & MC_FLAG_REFUSED);
    assert_int_equal(mc_update_rating(strict, FILM, 3.0, NULL, &info, &err), MC_E_CACHE);
    assert_non_null(strstr(err.text, "write.wait_replicas (1)"));
    assert_non_null(strstr(err.text, "nothing was written"));
    stage_cache(strict, 2.0); /* nor is anything left that keeps it from being cached */
    static const char *const json[] = {"{\"_id\":{\"$oid\":\"" FILM "\"},\"title\":\"One\",\"imdb\":{\"rating\":4.0}}"};
    const size_t size = strlen(json[0]);
    mc_status one = MC_OK;
    mc_stats before;
    mc_stats after;
    assert_int_equal(mc_import_movies(strict, json, &size, 1, MC_IMPORT_REPLACE, &one, &err), MC_E_CACHE);
    assert_non_null(strstr(err.text, "write.wait_replicas (1)"));
    stage_cache(strict, 2.0);
    assert_int_equal(mc_get_stats(safe, &before), MC_OK);
    assert_int_equal(mc_import_movies(safe, json, &size, 1, MC_IMPORT_REPLACE, &one, NULL), MC_OK);
    assert_int_equal(mc_get_stats(safe, &after), MC_OK);
    assert_int_equal(after.redis_refusals, before.redis_refusals + 1);
    stage_cache(safe, 4.0);
    assert_int_equal(mc_close(safe), MC_OK);
    assert_int_equal(mc_close(strict), MC_OK);
    stage_take_down(&g);
}

static int restore(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_old_values, restore),
        cmocka_unit_test_teardown(test_old_values_believed, restore),
        cmocka_unit_test_teardown(test_there_and_back, restore),
        cmocka_unit_test_teardown(test_there_and_back_believed, restore),
        cmocka_unit_test_teardown(test_old_primary_is_left, restore),
        cmocka_unit_test_teardown(test_old_primary_is_believed, restore),
        cmocka_unit_test_teardown(test_enough_replicas, restore),
        cmocka_unit_test_teardown(test_too_few_replicas, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
