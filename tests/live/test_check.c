/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mc_check() and mc_options_check() before real servers that are configured so: each fault is named by its code, with what to do; and a check leaves
 * nothing behind.
 */
#include "fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Output of a command of the test's own. */
static void cli(const srv *s, const char *command, char out[4096])
{
    char line[640];
    (void)snprintf(line, sizeof line, "redis-cli -p %d %s 2>&1", s->port, command);
    FILE *p = popen(line, "r");
    assert_non_null(p);
    size_t n = fread(out, 1, 4095, p);
    out[n] = '\0';
    (void)pclose(p);
}

static mc_options *options_for(const char *redis, const char *store)
{
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", redis, NULL), MC_OK);
    assert_int_equal(mc_options_set(o, "store.uri", store, NULL), MC_OK);
    return o;
}

static mc_findings *look_at(const char *redis, const char *store)
{
    mc_findings *f = NULL;
    mc_error err = {0};
    mc_options *o = options_for(redis, store);
    if (mc_options_check(o, &f, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return f;
}

static void show(const mc_findings *f)
{
    for (size_t i = 0; i < mc_findings_size(f); i++)
        print_message("%d %-18s %s -> %s\n", mc_findings_severity(f, i), mc_findings_code(f, i), mc_findings_text(f, i),
                      mc_findings_advice(f, i));
}

/* There is a finding of this code and severity with this in its text, and it says what to do unless all is fine. */
static void expect(const mc_findings *f, int severity, const char *code, const char *text)
{
    for (size_t i = 0; i < mc_findings_size(f); i++) {
        if (strcmp(mc_findings_code(f, i), code) != 0 || mc_findings_severity(f, i) != severity ||
            strstr(mc_findings_text(f, i), text) == NULL)
            continue;
        assert_true(severity < MC_SEVERITY_WARNING || mc_findings_advice(f, i)[0] != '\0');
        return;
    }
    show(f);
    fail_msg("no finding %s (%d) with '%s'", code, severity, text);
}

static void expect_none(const mc_findings *f, const char *code)
{
    for (size_t i = 0; i < mc_findings_size(f); i++)
        if (strcmp(mc_findings_code(f, i), code) == 0) {
            show(f);
            fail_msg("there is a finding %s", code);
        }
}

/* A server with these arguments, and a command for it ("": none): there is such a finding, by the options alone. */
static void finds(const srv *s, const char *command, int severity, const char *code, const char *text)
{
    char out[4096];
    if (command[0] != '\0')
        cli(s, command, out);
    mc_findings *f = look_at(s->uri, "sqlite::memory:");
    expect(f, severity, code, text);
    if (severity == MC_SEVERITY_ERROR)
        assert_int_equal(mc_findings_worst(f), MC_SEVERITY_ERROR);
    mc_findings_free(f);
}

static void test_all_is_well(void **state)
{
    (void)state;
    srv s;
    char out[4096];
    mc_client *mc = NULL;
    mc_findings *f = NULL;
    mc_error err = {0};
    char json[512];
    srv_start_redis(&s, "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru", NULL);
    mc_options *o = options_for(s.uri, "sqlite::memory:");
    assert_int_equal(mc_open(o, &mc, &err), MC_OK);
    mc_options_free(o);
    fixture_json(json, ID1, "One", 1);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, &err), MC_OK);
    cli(&s, "--scan", out);
    for (int i = 0; i < 3; i++) {
        char after[4096];
        assert_int_equal(mc_check(mc, &f, &err), MC_OK);
        expect(f, MC_SEVERITY_FINE, "redis.reachable", "ms");
        expect(f, MC_SEVERITY_FINE, "redis.permission", "commands");
        expect(f, MC_SEVERITY_FINE, "redis.version", "");
        expect(f, MC_SEVERITY_FINE, "redis.memory", "100 MiB");
        expect(f, MC_SEVERITY_FINE, "redis.identity", "mflix:");
        expect(f, MC_SEVERITY_FINE, "database.reachable", "sqlite");
        expect(f, MC_SEVERITY_FINE, "database.documents", "movies: 1 documents");
        expect(f, MC_SEVERITY_NOTE, "database.documents", "theaters: 0 documents");
        expect_none(f, "database.indexes");
        assert_int_equal(mc_findings_worst(f), MC_SEVERITY_NOTE);
        cli(&s, "--scan", after);
        if (strstr(after, "check:") != NULL)
            fail_msg("left behind: %s", after);
        mc_findings_free(f);
    }
    assert_int_equal(mc_check(mc, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_close(mc), MC_OK);
    f = (mc_findings *)&s;
    assert_int_equal(mc_check(mc, &f, &err), MC_E_CLOSED);
    assert_null(f);
    assert_int_equal(mc_findings_size(NULL), 0);
    assert_string_equal(mc_findings_code(NULL, 0), "");
    assert_int_equal(mc_findings_worst(NULL), MC_SEVERITY_FINE);
    mc_findings_free(NULL);
    srv_stop(&s);
}

static void test_in_memory(void **state)
{
    (void)state;
    mc_findings *f = look_at("memory:", "sqlite::memory:");
    expect(f, MC_SEVERITY_WARNING, "database.empty", "no documents at all");
    expect(f, MC_SEVERITY_FINE, "redis.none", "this process");
    mc_findings_free(f);
}

static void test_scripts_and_commands(void **state)
{
    (void)state;
    srv s;
    srv_start_redis(&s, "--rename-command", "EVAL", "", "--rename-command", "EVALSHA", "", NULL);
    finds(&s, "", MC_SEVERITY_ERROR, "redis.scripts", "runs no scripts");
    srv_stop(&s);
    srv_start_redis(&s, "--rename-command", "GEOSEARCH", "", NULL);
    finds(&s, "", MC_SEVERITY_ERROR, "redis.command", "GEOSEARCH");
    srv_stop(&s);
}

static void test_permissions(void **state)
{
    (void)state;
    srv s;
    char out[4096];
    char uri[340];
    srv_start_redis(&s, NULL);
    cli(&s, "ACL SETUSER some on '>pw' '~*' +@all -zadd -hmget", out);
    (void)snprintf(uri, sizeof uri, "redis://some:pw@127.0.0.1:%d/0", s.port);
    mc_findings *f = look_at(uri, "sqlite::memory:");
    expect(f, MC_SEVERITY_ERROR, "redis.permission", "HMGET, ZADD");
    mc_findings_free(f);
    cli(&s, "ACL SETUSER some +@all -eval -evalsha", out);
    f = look_at(uri, "sqlite::memory:");
    expect(f, MC_SEVERITY_ERROR, "redis.scripts", "NOPERM");
    mc_findings_free(f);
    cli(&s, "ACL SETUSER some +@all resetkeys '~elsewhere:*'", out);
    f = look_at(uri, "sqlite::memory:");
    expect(f, MC_SEVERITY_ERROR, "redis.permission", "SET, ");
    mc_findings_free(f);
    cli(&s, "ACL SETUSER some resetkeys '~mflix:*' '~mfc:*' -info", out);
    f = look_at(uri, "sqlite::memory:");
    expect(f, MC_SEVERITY_FINE, "redis.permission", "");
    expect(f, MC_SEVERITY_NOTE, "redis.info", "");
    mc_findings_free(f);
    (void)snprintf(uri, sizeof uri, "redis://some:wrong@127.0.0.1:%d/0", s.port);
    f = look_at(uri, "sqlite::memory:");
    expect(f, MC_SEVERITY_ERROR, "redis.auth", "");
    expect(f, MC_SEVERITY_FINE, "database.reachable", ""); /* the other end is looked at all the same */
    mc_findings_free(f);
    srv_stop(&s);
}

static void wait_for(const srv *s, const char *section, const char *line)
{
    char out[4096];
    char command[64];
    (void)snprintf(command, sizeof command, "INFO %s", section);
    for (int i = 0; i < 1000; i++) {
        cli(s, command, out);
        if (strstr(out, line) != NULL)
            return;
        fixture_sleep_ms(20);
    }
    fail_msg("no %s", line);
}

static void test_read_only(void **state)
{
    (void)state;
    srv primary;
    srv replica;
    char port[16];
    srv_start_redis(&primary, NULL);
    (void)snprintf(port, sizeof port, "%d", primary.port);
    srv_start_redis(&replica, "--replicaof", "127.0.0.1", port, NULL);
    wait_for(&replica, "replication", "master_link_status:up");
    finds(&replica, "", MC_SEVERITY_ERROR, "redis.read_only", "SET, ");
    finds(&replica, "", MC_SEVERITY_ERROR, "redis.role", port);
    finds(&primary, "", MC_SEVERITY_NOTE, "redis.role", "1 replicas");
    srv_stop(&replica);
    finds(&primary, "CONFIG SET min-replicas-to-write 1", MC_SEVERITY_ERROR, "redis.replicas", "NOREPLICAS");
    srv_stop(&primary);
}

static void test_memory(void **state)
{
    (void)state;
    srv s;
    srv_start_redis(&s, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru", NULL);
    finds(&s, "", MC_SEVERITY_WARNING, "redis.eviction", "allkeys-lru may evict the epoch");
    finds(&s, "CONFIG SET maxmemory-policy noeviction", MC_SEVERITY_NOTE, "redis.eviction", "writes are refused");
    finds(&s, "CONFIG SET maxmemory 1", MC_SEVERITY_ERROR, "redis.full", "OOM");
    finds(&s, "CONFIG SET maxmemory 0", MC_SEVERITY_NOTE, "redis.memory", "is not set");
    srv_stop(&s);
}

static void test_persistence(void **state)
{
    (void)state;
    srv s;
    char out[4096];
    char command[300];
    srv_start_redis(&s, NULL);
    cli(&s, "CONFIG SET save '3600 1'", out);
    finds(&s, "CONFIG SET appendonly yes", MC_SEVERITY_WARNING, "redis.persistence", "appendonly");
    cli(&s, "CONFIG SET appendonly no", out);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", s.dir); /* the disk is gone */
    assert_int_equal(system(command), 0);
    cli(&s, "BGSAVE", out);
    wait_for(&s, "persistence", "rdb_last_bgsave_status:err");
    finds(&s, "", MC_SEVERITY_ERROR, "redis.disk", "MISCONF");
    srv_stop(&s);
}

static void test_addresses(void **state)
{
    (void)state;
    srv s;
    char uri[340];
    srv_start_redis(&s, "--databases", "4", NULL);
    (void)snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/9", s.port);
    mc_findings *f = look_at(uri, "sqlite::memory:");
    expect(f, MC_SEVERITY_ERROR, "redis.database", "9");
    mc_findings_free(f);
    (void)snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/0", srv_free_port());
    f = look_at(uri, "sqlite:/there/is/no/such/folder/x.db");
    expect(f, MC_SEVERITY_ERROR, "redis.unreachable", "");
    expect(f, MC_SEVERITY_ERROR, "database.unreachable", "x.db");
    mc_findings_free(f);
    srv_stop(&s);
    srv_start_redis(&s, "--cluster-enabled", "yes", NULL);
    finds(&s, "", MC_SEVERITY_ERROR, "redis.cluster", "CLUSTERDOWN");
    srv_stop(&s);
}

/* How many findings of the code hold the text. */
static int count(const mc_findings *f, const char *code, const char *text)
{
    int n = 0;
    for (size_t i = 0; i < mc_findings_size(f); i++)
        n += strcmp(mc_findings_code(f, i), code) == 0 && strstr(mc_findings_text(f, i), text) != NULL;
    return n;
}

/* Every command and script on each node that is asked, and of several each finding says whose it is. */
static void test_topologies(void **state)
{
    (void)state;
    static const stand_in_kind kinds[] = {STAND_IN_SENTINEL, STAND_IN_CLUSTER, STAND_IN_TLS};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        srv s;
        char out[4096];
        char where[32];
        if (kinds[i] == STAND_IN_TLS && (!srv_has_tls() || strstr(mc_features(), "tls") == NULL))
            continue;
        stand_in *it = stand_in_start(kinds[i], &s);
        int nodes = kinds[i] == STAND_IN_CLUSTER ? 3 : 1;
        mc_findings *f = look_at(s.uri, "sqlite::memory:");
        assert_true(mc_findings_worst(f) < MC_SEVERITY_ERROR);
        assert_int_equal(count(f, "redis.permission", "are allowed and run"), nodes);
        assert_int_equal(count(f, "redis.reachable", "answers in"), nodes);
        mc_findings_free(f);
        cli(&s, "CONFIG SET maxmemory 100mb maxmemory-policy allkeys-lru", out); /* of the first */
        if (strncmp(out, "OK", 2) != 0) {                                        /* before Redis 7 one at a time */
            cli(&s, "CONFIG SET maxmemory 100mb", out);
            cli(&s, "CONFIG SET maxmemory-policy allkeys-lru", out);
        }
        f = look_at(s.uri, "sqlite::memory:");
        (void)snprintf(where, sizeof where, "%s", "");
        if (nodes > 1)
            (void)snprintf(where, sizeof where, "127.0.0.1:%d: ", s.port);
        if (count(f, "redis.eviction", "allkeys-lru") != 1 || count(f, "redis.eviction", where) < 1) {
            show(f);
            fail_msg("the memory policy of one node is not told");
        }
        mc_findings_free(f);
        stand_in_stop(it, &s);
    }
}

#if MFLIXCACHE_WITH_MONGODB
/* A collection without indexes, and after they were made. */
static void test_indexes_of_mongodb(void **state)
{
    (void)state;
    srv mongo;
    char json[512];
    mc_error err = {0};
    mc_client *mc = NULL;
    srv_start_mongo(&mongo, NULL);
    mc_options *o = options_for("memory:", mongo.uri);
    assert_int_equal(mc_open(o, &mc, &err), MC_OK);
    fixture_json(json, ID1, "One", 1);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, &err), MC_OK);
    mc_findings *f = look_at("memory:", mongo.uri);
    expect(f, MC_SEVERITY_WARNING, "database.indexes", "movies");
    mc_findings_free(f);
    assert_int_equal(mc_prepare_store(mc, &err), MC_OK);
    f = look_at("memory:", mongo.uri);
    expect_none(f, "database.indexes");
    mc_findings_free(f);
    assert_int_equal(mc_close(mc), MC_OK);
    mc_options_free(o);
    srv_stop(&mongo);
}
#endif

/* A file whose indexes were taken away. */
static void test_indexes(void **state)
{
    (void)state;
    char dir[] = "/tmp/mflix-check-XXXXXX";
    char path[64];
    char uri[80];
    mc_error err = {0};
    mc_client *mc = NULL;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/films.db", dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    mc_options *o = options_for("memory:", uri);
    assert_int_equal(mc_open(o, &mc, &err), MC_OK);
    assert_int_equal(mc_prepare_store(mc, &err), MC_OK);
    char json[512];
    fixture_json(json, ID1, "One", 1);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, &err), MC_OK);
    assert_int_equal(mc_close(mc), MC_OK);
    mc_options_free(o);
    mc_findings *f = look_at("memory:", uri);
    expect_none(f, "database.indexes");
    mc_findings_free(f);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP INDEX movies_scores", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    f = look_at("memory:", uri);
    expect(f, MC_SEVERITY_WARNING, "database.indexes", "movies_scores");
    mc_findings_free(f);
    (void)snprintf(uri, sizeof uri, "rm -rf '%s'", dir);
    assert_int_equal(system(uri), 0);
}

static void test_another_database(void **state)
{
    (void)state;
    srv s;
    mc_client *mc = NULL;
    mc_error err = {0};
    mc_findings *f = NULL;
    srv_start_redis(&s, NULL);
    mc_options *o = options_for(s.uri, "sqlite::memory:");
    assert_int_equal(mc_options_set(o, "store.identity", "the one", &err), MC_OK);
    assert_int_equal(mc_open(o, &mc, &err), MC_OK);
    assert_int_equal(mc_close(mc), MC_OK);
    assert_int_equal(mc_options_set(o, "store.identity", "the other", &err), MC_OK);
    assert_int_equal(mc_open(o, &mc, &err), MC_E_DATABASE);
    assert_int_equal(mc_options_check(o, &f, &err), MC_OK);
    expect(f, MC_SEVERITY_ERROR, "redis.identity", "the one");
    mc_findings_free(f);
    assert_int_equal(mc_options_set(o, "store.identity", "the one", &err), MC_OK);
    assert_int_equal(mc_options_check(o, &f, &err), MC_OK);
    expect(f, MC_SEVERITY_FINE, "redis.identity", "");
    mc_findings_free(f);
    mc_options_free(o);
    srv_stop(&s);
}

static void test_arguments(void **state)
{
    (void)state;
    mc_findings *f = NULL;
    mc_error err = {0};
    assert_int_equal(mc_options_check(NULL, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_check(NULL, &f, &err), MC_E_ARG);
    mc_options *o = options_for("memory:", "sqlite:file.db?mode=ro");
    assert_int_equal(mc_options_check(o, &f, &err), MC_OK);
    expect(f, MC_SEVERITY_ERROR, "database.unreachable", "?");
    mc_findings_free(f);
    mc_options_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_well),
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_scripts_and_commands),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_persistence),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_another_database),
        cmocka_unit_test(test_indexes),
        cmocka_unit_test(test_topologies),
#if MFLIXCACHE_WITH_MONGODB
        cmocka_unit_test(test_indexes_of_mongodb),
#endif
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
