/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of INFO: versions, memory policies, persistence, roles; of texts that are cut, empty or none. */
#include "base/findings.h"
#include "cache/redis/info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The severity of the finding with that code and text; -1: there is none. */
static int severity_of(const char *info, const char *code, const char *text)
{
    mc_findings *f = mci_findings_new();
    int severity = -1;
    assert_non_null(f);
    mci_redis_judge_info(info, strlen(info), f);
    for (size_t i = 0; i < mc_findings_size(f); i++)
        if (strcmp(mc_findings_code(f, i), code) == 0 && strstr(mc_findings_text(f, i), text) != NULL)
            severity = mc_findings_severity(f, i);
    mc_findings_free(f);
    return severity;
}

static void test_versions(void **state)
{
    (void)state;
    assert_int_equal(severity_of("redis_version:5.0.7\r\n", "redis.version", "5.0.7 is older"), MC_SEVERITY_ERROR);
    assert_int_equal(severity_of("redis_version:6.0.16\r\n", "redis.version", "older than 6.2"), MC_SEVERITY_ERROR);
    assert_int_equal(severity_of("redis_version:6.2.0\r\n", "redis.version", "Redis 6.2.0"), MC_SEVERITY_FINE);
    assert_int_equal(severity_of("redis_version:10.0.1\r\n", "redis.version", "10.0.1"), MC_SEVERITY_FINE);
    assert_int_equal(severity_of("# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n",
                                 "redis.version", "Valkey 8.1.0"),
                     MC_SEVERITY_FINE);
    assert_int_equal(severity_of("", "redis.version", "does not say"), MC_SEVERITY_NOTE);
    assert_int_equal(severity_of("redis_versions:9\nxredis_version:9\n", "redis.version", "does not say"), MC_SEVERITY_NOTE);
}

static void test_memory(void **state)
{
    (void)state;
    assert_int_equal(severity_of("maxmemory:104857600\r\nmaxmemory_policy:allkeys-lfu\r\n", "redis.eviction", "allkeys-lfu"),
                     MC_SEVERITY_WARNING);
    assert_int_equal(severity_of("maxmemory:0\r\nmaxmemory_policy:allkeys-lfu\r\n", "redis.eviction", ""), MC_SEVERITY_NOTE);
    assert_int_equal(severity_of("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n", "redis.memory", "not set"),
                     MC_SEVERITY_NOTE);
    static const char no_room[] = "used_memory:99000000\r\nmaxmemory:104857600\r\nmaxmemory_policy:noeviction\r\n";
    assert_int_equal(severity_of(no_room, "redis.eviction", "now 94"), MC_SEVERITY_WARNING);
    static const char room[] = "used_memory:1000000\r\nmaxmemory:104857600\r\nmaxmemory_policy:noeviction\r\n";
    assert_int_equal(severity_of(room, "redis.eviction", ""), MC_SEVERITY_NOTE);
    assert_int_equal(severity_of("maxmemory:104857600\r\nmaxmemory_policy:volatile-lru\r\n", "redis.memory", "volatile-lru"),
                     MC_SEVERITY_FINE);
    assert_int_equal(severity_of("maxmemory:104857600\r\n", "redis.memory", ""), -1);
}

static void test_persistence_and_role(void **state)
{
    (void)state;
    assert_int_equal(severity_of("aof_enabled:1\r\n", "redis.persistence", "appendonly"), MC_SEVERITY_WARNING);
    assert_int_equal(severity_of("aof_enabled:0\r\nrdb_last_load_keys_loaded:7\r\n", "redis.persistence", "from a dump"),
                     MC_SEVERITY_WARNING);
    assert_int_equal(severity_of("aof_enabled:0\r\nrdb_last_load_keys_loaded:0\r\n", "redis.persistence", ""), -1);
    assert_int_equal(severity_of("rdb_last_bgsave_status:err\r\n", "redis.disk", ""), MC_SEVERITY_WARNING);
    assert_int_equal(severity_of("rdb_last_bgsave_status:ok\r\n", "redis.disk", ""), -1);
    static const char replica[] = "role:slave\r\nmaster_host:redis-1\r\nmaster_port:6380\r\n";
    assert_int_equal(severity_of(replica, "redis.role", "replica of redis-1:6380"), MC_SEVERITY_ERROR);
    assert_int_equal(severity_of("role:master\r\nconnected_slaves:2\r\n", "redis.role", "2 replicas"), MC_SEVERITY_NOTE);
    assert_int_equal(severity_of("role:master\r\nconnected_slaves:0\r\n", "redis.role", ""), -1);
    assert_int_equal(severity_of("cluster_enabled:1\r\n", "redis.mode", "cluster"), MC_SEVERITY_NOTE);
}

/* Cut anywhere, with lines of any length, it is read to its end and no further. */
static void test_cut(void **state)
{
    (void)state;
    char text[600];
    size_t n = (size_t)snprintf(text, sizeof text, "redis_version:7.0.15\r\nmaxmemory:1\r\nmaxmemory_policy:");
    memset(text + n, 'x', 300);
    text[n + 300] = '\0';
    for (size_t len = 0; len <= n + 300; len++) {
        mc_findings *f = mci_findings_new();
        assert_non_null(f);
        mci_redis_judge_info(text, len, f);
        assert_true(mc_findings_size(f) >= 1);
        mc_findings_free(f);
    }
}

static void test_lists(void **state)
{
    (void)state;
    mc_findings *f = mci_findings_new();
    char longer[1000];
    memset(longer, 'y', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_non_null(f);
    for (int i = 0; i < 100; i++)
        mci_found_it(f, i % 3, "some.code", "do it", "%d\n\x1b[0m %s", i, i == 50 ? longer : "");
    assert_int_equal(mci_findings_failed(f), 0);
    assert_int_equal(mc_findings_size(f), 100);
    assert_int_equal(mc_findings_worst(f), MC_SEVERITY_WARNING);
    assert_null(strpbrk(mc_findings_text(f, 50), "\n\x1b"));
    assert_true(strlen(mc_findings_text(f, 50)) > 300);
    assert_string_equal(mc_findings_advice(f, 99), "do it");
    assert_string_equal(mc_findings_text(f, 100), "");
    mc_findings_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions), cmocka_unit_test(test_memory), cmocka_unit_test(test_persistence_and_role),
        cmocka_unit_test(test_cut),      cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
