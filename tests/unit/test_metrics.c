/* SPDX-License-Identifier: Apache-2.0 */
/* observe/: counting from many threads, quantiles, the two texts, the log line and the hand-over between receivers. */
#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 8
#define ROUNDS 20000

static int setup(void **state)
{
    *state = mci_metrics_new();
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    mci_metrics_free(*state);
    return 0;
}

static void *count_many(void *arg)
{
    mci_metrics *m = arg;
    for (int i = 0; i < ROUNDS; i++) {
        mci_count(m, MCI_C_READS);
        mci_add(m, MCI_C_REDIS_CONNECTIONS, i % 2 == 0 ? 1 : -1);
        mci_time(m, MCI_H_READ_HIT, i);
    }
    return NULL;
}

static void test_nothing_is_lost(void **state)
{
    mci_metrics *m = *state;
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, count_many, m), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    mc_stats s;
    memset(&s, 0x55, sizeof s);
    mci_metrics_stats(m, &s);
    assert_int_equal(s.reads, THREADS * ROUNDS);
    assert_int_equal(s.redis_connections, 0);
    assert_int_equal(s.hits, 0);
    for (size_t i = 0; i < sizeof s.reserved / sizeof s.reserved[0]; i++)
        assert_int_equal(s.reserved[i], 0);
    mci_summary sum;
    mci_metrics_summary(m, MCI_H_READ_HIT, &sum);
    assert_int_equal(sum.count, THREADS * ROUNDS);
    assert_int_equal(sum.sum_ns, (int64_t)THREADS * ROUNDS * (ROUNDS - 1) / 2);
    assert_int_equal(sum.max_ns, ROUNDS - 1);
}

static void test_null_and_set(void **state)
{
    mci_metrics *m = *state;
    mci_count(NULL, MCI_C_READS);
    mci_gauge_set(NULL, MCI_C_REDIS_UP, 1);
    mci_time(NULL, MCI_H_TOP, 1);
    mci_gauge_set(m, MCI_C_REDIS_UP, 1);
    assert_int_equal(mci_metrics_get(m, MCI_C_REDIS_UP), 1);
    mci_gauge_set(m, MCI_C_REDIS_UP, 0);
    assert_int_equal(mci_metrics_get(m, MCI_C_REDIS_UP), 0);
}

/* Each time falls into the one bucket whose bounds enclose it. */
static void test_buckets(void **state)
{
    for (size_t i = 1; i + 1 < MCI_BUCKETS; i++)
        assert_true(mci_bucket_bound_ns(i) > mci_bucket_bound_ns(i - 1));
    assert_int_equal(mci_bucket_bound_ns(0), 256);
    assert_int_equal(mci_bucket_bound_ns(MCI_BUCKETS - 2), INT64_C(1) << 36);
    assert_int_equal(mci_bucket_bound_ns(MCI_BUCKETS - 1), INT64_MAX);
    (void)state;
    for (size_t i = 0; i < MCI_BUCKETS; i++) {
        int64_t low = i == 0 ? -1 : mci_bucket_bound_ns(i - 1) + 1;
        int64_t high = mci_bucket_bound_ns(i);
        mci_metrics *m = mci_metrics_new();
        assert_non_null(m);
        mci_time(m, MCI_H_WRITE, low);
        mci_time(m, MCI_H_WRITE, high);
        mci_summary s;
        mci_metrics_summary(m, MCI_H_WRITE, &s);
        assert_int_equal(s.bucket[i], 2);
        assert_int_equal(s.max_ns, high);
        mci_metrics_free(m);
    }
}

static void test_quantiles(void **state)
{
    mci_metrics *m = *state;
    mci_summary s;
    mci_metrics_summary(m, MCI_H_TOP, &s);
    assert_int_equal(mci_summary_quantile(&s, 0.5), 0);
    for (int64_t i = 1; i <= 1000; i++)
        mci_time(m, MCI_H_TOP, i * 1000);
    mci_metrics_summary(m, MCI_H_TOP, &s);
    static const double q[] = {0.01, 0.5, 0.9, 0.99, 1.0};
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) {
        double truth = q[i] * 1000000;
        double got = (double)mci_summary_quantile(&s, q[i]);
        assert_true(got >= truth && got <= truth * 1.25);
    }
    assert_int_equal(mci_summary_quantile(&s, 1.0), 1000000);
}

static void test_json(void **state)
{
    mci_metrics *m = *state;
    mci_add(m, MCI_C_HITS, 42);
    mci_time(m, MCI_H_STORE_CALL, 3000);
    char *text = mci_metrics_json(m, "1.2.3");
    assert_non_null(text);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "version")), "1.2.3");
    json_t *counters = json_object_get(root, "counters");
    assert_int_equal(json_object_size(counters), MCI_C_COUNT);
    assert_int_equal(json_integer_value(json_object_get(counters, "hits")), 42);
    json_t *latency = json_object_get(root, "latency");
    assert_int_equal(json_object_size(latency), MCI_H_COUNT);
    json_t *call = json_object_get(latency, "store_call");
    assert_int_equal(json_integer_value(json_object_get(call, "count")), 1);
    assert_int_equal(json_integer_value(json_object_get(call, "max_ns")), 3000);
    assert_int_equal(json_integer_value(json_object_get(call, "mean_ns")), 3000);
    json_decref(root);
    free(text);
}

/* What the text format asks for: HELP and TYPE before the samples, each name's samples together, cumulative buckets that
 * end with +Inf equal to the count. */
static void test_prometheus(void **state)
{
    mci_metrics *m = *state;
    mci_add(m, MCI_C_HITS, 42);
    mci_add(m, MCI_C_REDIS_CONNECTIONS, 3);
    mci_time(m, MCI_H_READ_HIT, 5000);
    mci_time(m, MCI_H_READ_HIT, INT64_C(100) * 1000000000);
    char *text = mci_metrics_prometheus(m, "1.2.3");
    assert_non_null(text);
    assert_non_null(strstr(text, "# TYPE mflixcache_hits_total counter\nmflixcache_hits_total 42\n"));
    assert_non_null(strstr(text, "# TYPE mflixcache_redis_connections gauge\nmflixcache_redis_connections 3\n"));
    assert_non_null(strstr(text, "mflixcache_build_info{version=\"1.2.3\"} 1\n"));
    assert_non_null(strstr(text, "{operation=\"read_hit\",le=\"0.000001024\"} 0\n"));
    assert_non_null(strstr(text, "{operation=\"read_hit\",le=\"0.000004096\"} 0\n"));
    assert_non_null(strstr(text, "{operation=\"read_hit\",le=\"0.000008192\"} 1\n"));
    assert_non_null(strstr(text, "{operation=\"read_hit\",le=\"68.719476736\"} 1\n"));
    assert_non_null(strstr(text, "{operation=\"read_hit\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(text, "mflixcache_latency_seconds_sum{operation=\"read_hit\"} 100.000005000\n"));
    assert_non_null(strstr(text, "mflixcache_latency_seconds_count{operation=\"read_hit\"} 2\n"));
    size_t help = 0;
    size_t type = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        help += strncmp(line, "# HELP ", 7) == 0;
        type += strncmp(line, "# TYPE ", 7) == 0;
        assert_true(line[0] == '#' || strncmp(line, "mflixcache_", 11) == 0);
    }
    assert_int_equal(help, MCI_C_COUNT + 2);
    assert_int_equal(type, MCI_C_COUNT + 2);
    free(text);
}

/* ---- Log */

typedef struct heard {
    int calls;
    int level;
    char text[2048];
} heard;

static void hear(int level, const char *text, void *user)
{
    heard *h = user;
    h->calls++;
    h->level = level;
    (void)snprintf(h->text, sizeof h->text, "%s", text);
}

static void test_log_line(void **state)
{
    (void)state;
    mci_log log;
    heard h = {0};
    assert_int_equal(mci_log_init(&log), 0);
    mci_log_write(NULL, MC_LOG_ERROR, "nobody");
    mci_log_write(&log, MC_LOG_ERROR, "nobody");
    assert_int_equal(mci_log_set(&log, hear, -1, &h), MC_E_RANGE);
    assert_int_equal(mci_log_set(&log, hear, 4, &h), MC_E_RANGE);
    assert_int_equal(mci_log_set(&log, hear, MC_LOG_INFO, &h), MC_OK);
    mci_log_write(&log, MC_LOG_DEBUG, "not wanted");
    assert_int_equal(h.calls, 0);
    mci_log_write(&log, MC_LOG_WARN, "id %s", "x\r\nFLUSHALL\t\x01\x7f caf\xc3\xa9");
    assert_int_equal(h.calls, 1);
    assert_int_equal(h.level, MC_LOG_WARN);
    assert_string_equal(h.text, "id x\\r\\nFLUSHALL\\t\\x01\\x7f caf\xc3\xa9");

    /* Cut at 1 KiB, never inside a character or an escape. */
    for (size_t shift = 0; shift < 8; shift++) {
        char longer[4096];
        for (size_t i = 0; i + 2 < sizeof longer; i += 2)
            memcpy(longer + i, shift % 2 == 0 ? "\xc3\xa9" : "\x01\x02", 2);
        memset(longer, 'a', shift);
        longer[sizeof longer - 2] = '\0';
        mci_log_write(&log, MC_LOG_ERROR, "%s", longer + (shift % 2));
        size_t n = strlen(h.text);
        assert_true(n < 1024 && n > 1000);
        if (shift % 2 == 0)
            assert_int_equal((unsigned char)h.text[n - 1], 0xa9);
        else
            assert_true(strcmp(h.text + n - 4, "\\x01") == 0 || strcmp(h.text + n - 4, "\\x02") == 0);
    }
    assert_int_equal(mci_log_set(&log, NULL, MC_LOG_ERROR, NULL), MC_OK);
    h.calls = 0;
    mci_log_write(&log, MC_LOG_ERROR, "gone");
    assert_int_equal(h.calls, 0);
    mci_log_destroy(&log);
}

typedef struct stage {
    mci_log log;
    _Atomic(int) stop;
} stage;

typedef struct receiver {
    _Atomic(int) alive; /* 0 once mci_log_set() took it away */
    _Atomic(int) late;
} receiver;

static void receive(int level, const char *text, void *user)
{
    (void)level;
    (void)text;
    receiver *r = user;
    mci_sleep_ms(0, MCI_NO_DEADLINE);
    if (!atomic_load(&r->alive))
        atomic_fetch_add(&r->late, 1);
}

static void *write_lines(void *arg)
{
    stage *s = arg;
    while (!atomic_load(&s->stop))
        mci_log_write(&s->log, MC_LOG_INFO, "line");
    return NULL;
}

/* After mci_log_set() the earlier receiver is never called, however many threads log. */
static void test_log_hand_over(void **state)
{
    (void)state;
    stage s = {.stop = 0};
    assert_int_equal(mci_log_init(&s.log), 0);
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, write_lines, &s), 0);
    enum { CHANGES = 200 };
    static receiver r[CHANGES];
    for (int i = 0; i < CHANGES; i++) {
        atomic_store(&r[i].alive, 1);
        assert_int_equal(mci_log_set(&s.log, receive, MC_LOG_DEBUG, &r[i]), MC_OK);
        if (i > 0)
            atomic_store(&r[i - 1].alive, 0);
    }
    assert_int_equal(mci_log_set(&s.log, NULL, MC_LOG_DEBUG, NULL), MC_OK);
    atomic_store(&r[CHANGES - 1].alive, 0);
    atomic_store(&s.stop, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < CHANGES; i++)
        assert_int_equal(atomic_load(&r[i].late), 0);
    mci_log_destroy(&s.log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_null_and_set, setup, teardown),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test_setup_teardown(test_quantiles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prometheus, setup, teardown),
        cmocka_unit_test(test_log_line),
        cmocka_unit_test(test_log_hand_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
