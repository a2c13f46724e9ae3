/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Redis says when it cannot be used, in every public function: reported by its own name with the right status where only Redis can answer;
 * where the store can, it answers, and the outcome is a bypass and no miss.
 */
#include "calls.h"
#include "fixture.h"
#include "liar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;
static liar l;

typedef struct reason {
    const char *text;
    mc_status status;
} reason;

#define IN_SCRIPT "ERR Error running script (call to f_0123456789012345678901234567890123456789): @user_script:12: "

static const reason reasons[] = {
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", MC_E_CACHE},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", MC_E_CACHE},
    {"NOPERM No permissions to access a key", MC_E_AUTH},
    {"NOAUTH Authentication required.", MC_E_AUTH},
    {"READONLY You can't write against a read only replica.", MC_E_CACHE},
    {"LOADING Redis is loading the dataset in memory", MC_E_CACHE},
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", MC_E_CACHE},
    {"OOM command not allowed when used memory > 'maxmemory'.", MC_E_CACHE},
    {"CLUSTERDOWN Hash slot not served", MC_E_CLUSTER},
    {"MOVED 3999 127.0.0.1:6381", MC_E_CLUSTER},
    {"CROSSSLOT Keys in request don't hash to the same slot", MC_E_CLUSTER},
    {"NOREPLICAS Not enough good replicas to write.", MC_E_CACHE},
    {"ERR unknown command 'EVALSHA'", MC_E_CACHE},
    {IN_SCRIPT "-READONLY You can't write against a read only replica.", MC_E_CACHE},
    {IN_SCRIPT "-NOPERM this user has no permissions", MC_E_AUTH},
};

static void refuse(void *user, const mci_reply *command, const mci_reply *honest, mci_buf *out)
{
    const reason *r = user;
    (void)honest;
    if (!liar_is(command, "TIME")) /* the connection itself comes about */
        mci_buf_fmt(out, "-%s\r\n", r->text);
}

static void one(mc_client *mc, const call_kind *k, const reason *r)
{
    mc_info info = {0};
    mc_error err = {0};
    char word[16];
    const char *says = strstr(r->text, ": -") != NULL ? strstr(r->text, ": -") + 3 : r->text;
    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(says, " "), says);
    mc_status st = k->run(mc, &info, &err);
    if (k->needs_redis) {
        if (st != r->status || strstr(err.text, word) == NULL)
            fail_msg("%s while Redis says %s: %s, %s", k->name, word, mc_status_name(st), err.text);
        return;
    }
    if (st < 0)
        fail_msg("%s while Redis says %s: %s, %s", k->name, word, mc_status_name(st), err.text);
    if (k->reads && (info.cache != MC_CACHE_BYPASS || info.tier != MC_TIER_STORE))
        fail_msg("%s while Redis says %s: cache %d, tier %d", k->name, word, info.cache, info.tier);
    if (k->reads && !k->batch && !(info.flags & MC_FLAG_REDIS_DOWN))
        fail_msg("%s while Redis says %s: no flag", k->name, word);
}

static void test_every_function(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        liar_set(&l, NULL, NULL);
        fixture_reset(&f);
        mc_client *mc = fixture_open(&f, "cache.uri", l.uri, "cache.timeout_ms", "20000", "call.timeout_ms", "60000",
                                     "cache.breaker_failures", "1000", NULL);
        for (size_t k = 0; k < ncalls; k++) { /* values and lists are there: it is not for want of them */
            mc_info info = {0};
            mc_error err = {0};
            (void)calls[k].run(mc, &info, &err);
        }
        liar_set(&l, refuse, (void *)(uintptr_t)&reasons[i]);
        for (size_t k = 0; k < ncalls; k++)
            one(mc, &calls[k], &reasons[i]);
        liar_set(&l, NULL, NULL);
        assert_int_equal(mc_close(mc), MC_OK);
    }
}

/* ---- what is over in a moment ---- */

typedef struct moment {
    const char *text;
    _Atomic int left; /* so many commands are refused */
    _Atomic int refused;
} moment;

static void refuse_for_a_while(void *user, const mci_reply *command, const mci_reply *honest, mci_buf *out)
{
    moment *m = user;
    (void)honest;
    if (liar_is(command, "TIME") || liar_is(command, "INFO") || liar_is(command, "CLUSTER") || liar_is(command, "ASKING"))
        return;
    if (atomic_load(&m->left) <= 0)
        return;
    (void)atomic_fetch_sub(&m->left, 1);
    (void)atomic_fetch_add(&m->refused, 1);
    mci_buf_fmt(out, "-%s\r\n", m->text);
}

static const char *const moments[] = {"LOADING Redis is loading the dataset in memory", "CLUSTERDOWN The cluster is down",
                                      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                                      "TRYAGAIN Multiple keys request during rehashing of slot"};

/* Asked again within the call: a hit as if nothing had been, and a write that Redis is told of. */
static void over_in_a_moment(mc_client *mc, const char *text)
{
    mc_info info;
    moment m = {.text = text};
    for (int refused = 1; refused <= 4; refused++) {
        liar_set(&l, NULL, NULL);
        do /* fills are not waited for, nor asked again */
            assert_true(fixture_rating(mc, ID1, &info) > 0);
        while (info.cache != MC_CACHE_HIT);
        atomic_store(&m.left, refused);
        liar_set(&l, refuse_for_a_while, &m);
        assert_true(fixture_rating(mc, ID1, &info) > 0);
        if (info.cache != MC_CACHE_HIT || info.flags != 0 || atomic_load(&m.left) != 0)
            fail_msg("%s, %d times: cache %d, flags %x, %d left", text, refused, (int)info.cache, (unsigned)info.flags,
                     atomic_load(&m.left));
        atomic_store(&m.left, refused);
        assert_int_equal(mc_update_rating(mc, ID1, 5.0 + refused / 10.0, NULL, &info, NULL), MC_OK);
        assert_int_equal(info.flags & (MC_FLAG_QUEUED | MC_FLAG_REDIS_DOWN), 0);
        assert_true(fixture_rating(f.b, ID1, NULL) == 5.0 + refused / 10.0);
    }
    liar_set(&l, NULL, NULL);
}

#define PATIENT "cache.timeout_ms", "20000", "call.timeout_ms", "60000"

static void test_over_in_a_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) { /* of one server nothing is on its way to another */
        fixture_reset(&f);
        mc_client *mc = fixture_open(&f, "cache.uri", l.uri, PATIENT, NULL);
        over_in_a_moment(mc, moments[i]);
        assert_int_equal(mc_close(mc), MC_OK);
    }
}

/* One call waits, and those after it do not: the database answers at once. */
static void test_it_goes_on(void **state)
{
    (void)state;
    mc_info info;
    moment m = {.text = moments[0]};
    fixture_reset(&f);
    mc_client *mc = fixture_open(&f, "cache.uri", l.uri, PATIENT, "cache.breaker_failures", "1000", NULL);
    assert_true(fixture_rating(mc, ID1, NULL) > 0);
    atomic_store(&m.left, 1000000);
    liar_set(&l, refuse_for_a_while, &m);
    assert_true(fixture_rating(mc, ID1, &info) > 0);
    assert_int_equal(info.cache, MC_CACHE_BYPASS);
    assert_true(info.flags & MC_FLAG_REDIS_DOWN);
    int waited = atomic_load(&m.refused);
    assert_true(waited > 4);
    int least = waited;
    for (int i = 0; i < 50; i++) { /* unless the machine stands still for seconds between any two of them */
        int before = atomic_load(&m.refused);
        assert_true(fixture_rating(mc, ID1, &info) > 0);
        int more = atomic_load(&m.refused) - before;
        least = more < least ? more : least;
    }
    assert_true(least < waited / 2);
    liar_set(&l, NULL, NULL);
    assert_int_equal(mc_close(mc), MC_OK);
}

static void test_in_a_cluster(void **state)
{
    (void)state;
    srv node;
    char out[64] = "";
    char line[512];
    char nat[80];
    char uri[80];
    mc_client *other = f.b;
    srv_start_redis(&node, "--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1", NULL);
    snprintf(line, sizeof line, "redis-cli -p %d CLUSTER ADDSLOTS $(seq 0 16383)", node.port);
    FILE *p = popen(line, "re");
    assert_non_null(p);
    assert_non_null(fgets(out, sizeof out, p));
    assert_int_equal(pclose(p), 0);
    assert_string_equal(out, "OK\n");
    snprintf(line, sizeof line, "until redis-cli -p %d CLUSTER INFO | grep -q state:ok; do sleep 0.05; done", node.port);
    assert_int_equal(system(line), 0);
    liar_stop(&l);
    liar_start(&l, node.port);
    snprintf(nat, sizeof nat, "127.0.0.1:%d=127.0.0.1:%d", node.port, l.port);
    snprintf(uri, sizeof uri, "redis+cluster://127.0.0.1:%d", l.port);
    fixture_json(line, ID1, "One", 1);
    memstore_put(&f.mem, "movies", ID1, line);
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        mc_client *mc = fixture_open(&f, "cache.uri", uri, "cache.nat_map", nat, PATIENT, NULL);
        f.b = mc;
        over_in_a_moment(mc, moments[i]);
        f.b = other;
        assert_int_equal(mc_close(mc), MC_OK);
    }
    liar_stop(&l);
    srv_stop(&node);
    liar_start(&l, f.redis.port);
}

static int start_all(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    liar_start(&l, f.redis.port);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    liar_stop(&l);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_function), cmocka_unit_test(test_over_in_a_moment),
                                       cmocka_unit_test(test_it_goes_on), cmocka_unit_test(test_in_a_cluster)};
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
