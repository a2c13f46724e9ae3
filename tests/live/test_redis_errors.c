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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_function)};
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
