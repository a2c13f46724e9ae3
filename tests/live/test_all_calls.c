/* SPDX-License-Identifier: Apache-2.0 */
/* Every public function against a healthy Redis, cold, warm, after each kind of loss: none fails. live.acl runs it under the least account. */
#include "calls.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;

static void call_all(mc_client *mc)
{
    for (size_t i = 0; i < ncalls; i++) {
        mc_info info = {0};
        mc_error err = {0};
        mc_status st = calls[i].run(mc, &info, &err);
        if (st < 0)
            fail_msg("%s: %s, %s", calls[i].name, mc_status_name(st), err.text);
        if (info.flags & (MC_FLAG_REDIS_DOWN | MC_FLAG_REFUSED))
            fail_msg("%s: flags %x", calls[i].name, info.flags);
    }
}

static void test_cold_and_warm(void **state)
{
    (void)state;
    static const char *const lost[] = {"mflix:board:{movies:rating}", "mflix:geo:{theaters:place}", "mflix:movie:{" ID1 "}",
                                       "mflix:movie:title:{Two}", "mfc:{mflix:@}:epoch"};
    char json[300];
    fixture_reset(&f);
    for (int i = 0; i < 8; i++) {
        char id[25];
        snprintf(id, sizeof id, "59a47286cfa9a3a73e51e7%02x", 0x2c + i);
        snprintf(json, sizeof json,
                 "{\"_id\":{\"$oid\":\"%s\"},\"theaterId\":%d,\"location\":{\"geo\":{\"type\":\"Point\",\"coordinates\":[%d."
                 "5,45.0]}}}",
                 id, 1000 + i, i < 4 ? -93 : 170 + i);
        memstore_put(&f.mem, "theaters", id, json);
    }
    call_all(f.a);
    call_all(f.a);
    call_all(f.b);
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        free(fixture_redis(&f, "DEL", lost[i], NULL));
        call_all(f.a);
        free(fixture_redis(&f, "DEL", lost[i], NULL));
        free(fixture_redis(&f, "LPUSH", lost[i], "x", NULL)); /* of a type that is none of ours */
        if (i < 4)
            call_all(f.b);
        free(fixture_redis(&f, "DEL", lost[i], NULL));
        call_all(f.a);
    }
    free(fixture_redis(&f, "SCRIPT", "FLUSH", NULL));
    call_all(f.a);
}

static int start_all(void **state)
{
    (void)state;
    fixture_start(&f, "cache.timeout_ms", "20000", "call.timeout_ms", "60000", NULL);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cold_and_warm)};
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
