/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot file: what goes in comes out; damage of any byte, a full disk, a killed writer: the old file, or none, never a wrong value. */
#include "store/snapshot.h"
#include "store/snapshot_file.h"
#include "store/snapshot_read.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include <cmocka.h>

static char dir[64];
static char path[128];

static int begin(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/mflix-snapshot-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/snapshot.json", dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static char *slurp(size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *p = calloc(1, 65536);
    *n = fread(p, 1, 65535, f);
    (void)fclose(f);
    return p;
}

static void spill(const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    (void)fclose(f);
}

static int files(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "ls -A %s | wc -l", dir);
    FILE *f = popen(command, "r");
    int n = -1;
    assert_int_equal(fscanf(f, "%d", &n), 1);
    (void)pclose(f);
    return n;
}

static mc_status find(mci_snapshot *s, const char *key, const char *want, size_t want_size)
{
    char *out = NULL;
    size_t size = 0;
    int64_t written = 0;
    int refused = 0;
    mc_error err = {0};
    mc_status st = mci_snapshot_find(s, key, MCI_NO_DEADLINE, &out, &size, &written, &refused, &err);
    if (st == MC_OK && want != NULL) {
        assert_int_equal(size, want_size);
        assert_memory_equal(out, want, want_size + 1);
        assert_int_equal(written, 1700000000123);
    }
    free(out);
    return st;
}

static const mc_entry three[] = {
    {"processed_data:b:2026-01-31", "{\"mean\": 21.5}", 14}, {"a", "\0\xff\n", 3}, {"\xc3\xa9\"\\", NULL, 0}};

static mci_snapshot *saved(void)
{
    mc_error err = {0};
    mci_snapshot *s = mci_snapshot_new(path, 1 << 20);
    assert_non_null(s);
    assert_int_equal(mci_snapshot_save(s, three, 3, 1700000000123, &err), MC_OK);
    return s;
}

static void test_round_trip(void **state)
{
    (void)state;
    mci_snapshot *s = saved();
    size_t n = 0;
    int64_t written = 0;
    assert_int_equal(mci_snapshot_load(s, MCI_NO_DEADLINE, &n, &written, NULL), MC_OK);
    assert_int_equal(n, 3);
    assert_int_equal(written, 1700000000123);
    assert_int_equal(find(s, three[0].key, "{\"mean\": 21.5}", 14), MC_OK);
    assert_int_equal(find(s, "a", "\0\xff\n", 3), MC_OK);
    assert_int_equal(find(s, three[2].key, "", 0), MC_OK);
    assert_int_equal(find(s, "nobody", NULL, 0), MC_NOT_FOUND);
    assert_int_equal(files(), 1);

    mci_snapshot *other = mci_snapshot_new(path, 1 << 20); /* another process */
    assert_int_equal(find(other, "a", "\0\xff\n", 3), MC_OK);
    mc_error err = {0};
    assert_int_equal(mci_snapshot_save(s, three, 1, 1700000000123, &err), MC_OK);
    assert_int_equal(find(other, "a", NULL, 0), MC_NOT_FOUND); /* it saw the new file by itself */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(find(other, three[0].key, NULL, 0), MC_NOT_FOUND); /* and that it is gone */
    assert_int_equal(mci_snapshot_save(s, NULL, 0, 1, &err), MC_OK);
    assert_int_equal(mci_snapshot_load(s, MCI_NO_DEADLINE, &n, &written, NULL), MC_OK);
    assert_int_equal(n, 0);
    mci_snapshot_free(other);
    mci_snapshot_free(s);
}

/* Whatever byte is changed, cut or added: the right value, or none. */
static void test_damage(void **state)
{
    (void)state;
    mci_snapshot_free(saved());
    size_t n = 0;
    char *good = slurp(&n);
    int refused = 0;
    for (size_t i = 0; i < n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            mci_snapshot_table t;
            char *bad = malloc(n);
            memcpy(bad, good, n);
            bad[i] = (char)(bad[i] ^ (1 << bit));
            if (mci_snapshot_decode(bad, n, &t, NULL) == MC_OK) { /* a blank for another blank */
                assert_int_equal(t.n, 3);
                assert_int_equal(t.written_ms, 1700000000123);
                for (size_t k = 0; k < 3; k++)
                    for (size_t j = 0; j < 3; j++)
                        if (strcmp(t.entry[k].key, three[j].key) == 0) {
                            assert_int_equal(t.entry[k].size, three[j].size);
                            assert_int_equal(memcmp(t.entry[k].value, three[j].size ? three[j].value : "", three[j].size),
                                             0);
                        }
            } else {
                refused++;
            }
            mci_snapshot_table_free(&t);
            free(bad);
        }
        mci_snapshot_table t;
        if (i + 1 < n) /* cut, by more than the last line's end */
            assert_int_not_equal(mci_snapshot_decode(good, i, &t, NULL), MC_OK);
    }
    assert_true(refused > (int)n * 7);
    free(good);
}

static void test_other_files(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"format\":\"mflixcache-snapshot\"}",
        "{\"format\":\"mflixcache-snapshot\",\"version\":2,\"written_ms\":1,\"count\":0,\"sum\":\"0\",\"entries\":{}}",
        "{\"format\":\"mflixcache-snapshot\",\"version\":1,\"written_ms\":-1,\"count\":0,\"sum\":\"0\",\"entries\":{}}",
        "{\"format\":\"mflixcache-snapshot\",\"version\":1,\"written_ms\":1,\"count\":1,\"sum\":\"0\",\"entries\":{\"a\":7}"
        "}",
        "{\"format\":\"mflixcache-snapshot\",\"version\":1,\"written_ms\":1,\"count\":1,\"sum\":\"0\",\"entries\":{\"a\":{}}"
        "}",
        "{\"format\":\"x\",\"version\":1,\"written_ms\":1,\"count\":0,\"sum\":\"0\",\"entries\":{}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mci_snapshot_table t;
        mc_error err = {0};
        assert_int_equal(mci_snapshot_decode(bad[i], strlen(bad[i]), &t, &err), MC_E_JSON);
        assert_int_not_equal(err.text[0], 0);
    }
}

/* A bad file does not take the place of the good one that was read before; that it is bad is told once. */
static void test_the_last_good_one_answers(void **state)
{
    (void)state;
    mci_snapshot *s = saved();
    assert_int_equal(find(s, "a", "\0\xff\n", 3), MC_OK);
    spill("{\"format\":", 10);
    char *out = NULL;
    size_t size = 0;
    int64_t written = 0;
    int refused = 0;
    mc_error err = {0};
    assert_int_equal(mci_snapshot_find(s, "a", MCI_NO_DEADLINE, &out, &size, &written, &refused, &err), MC_OK);
    assert_int_equal(refused, 1);
    assert_int_equal(err.code, MC_E_JSON);
    free(out);
    out = NULL;
    assert_int_equal(mci_snapshot_find(s, "nobody", MCI_NO_DEADLINE, &out, &size, &written, &refused, &err), MC_E_JSON);
    assert_int_equal(refused, 0);
    size_t n = 9;
    assert_int_equal(mci_snapshot_load(s, MCI_NO_DEADLINE, &n, &written, &err), MC_E_JSON);
    assert_int_equal(n, 0);
    mci_snapshot *fresh = mci_snapshot_new(path, 1 << 20);
    assert_int_equal(find(fresh, "a", NULL, 0), MC_E_JSON);
    assert_int_equal(mci_snapshot_save(s, three, 3, 1700000000123, &err), MC_OK);
    assert_int_equal(find(fresh, "a", "\0\xff\n", 3), MC_OK);
    mci_snapshot_free(fresh);
    mci_snapshot_free(s);
}

static void test_limits_and_odd_paths(void **state)
{
    (void)state;
    mc_error err = {0};
    size_t n = 0;
    int64_t written = 0;
    mci_snapshot_free(saved());
    mci_snapshot *small = mci_snapshot_new(path, 64);
    assert_int_equal(mci_snapshot_load(small, MCI_NO_DEADLINE, &n, &written, &err), MC_E_TOOBIG);
    assert_int_equal(mci_snapshot_save(small, three, 3, 1, &err), MC_E_TOOBIG);
    mci_snapshot_free(small);
    const mc_entry twins[] = {{"a", "1", 1}, {"b", "2", 1}, {"a", "3", 1}};
    mci_snapshot *s = mci_snapshot_new(path, 1 << 20);
    assert_int_equal(mci_snapshot_save(s, twins, 3, 1, &err), MC_E_ARG);
    assert_non_null(strstr(err.text, "twice"));
    assert_int_equal(find(s, "a", "\0\xff\n", 3), MC_OK); /* the old file is untouched */
    mci_snapshot_free(s);

    mci_snapshot *none = mci_snapshot_new("", 1 << 20);
    assert_int_equal(find(none, "a", NULL, 0), MC_NOT_FOUND);
    assert_int_equal(mci_snapshot_load(none, MCI_NO_DEADLINE, &n, &written, &err), MC_E_OPTION);
    mci_snapshot_free(none);
    mci_snapshot *folder = mci_snapshot_new(dir, 1 << 20);
    assert_int_equal(mci_snapshot_load(folder, MCI_NO_DEADLINE, &n, &written, &err), MC_E_FILE);
    assert_int_equal(mci_snapshot_save(folder, three, 3, 1, &err), MC_E_FILE);
    mci_snapshot_free(folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    mci_snapshot *fifo = mci_snapshot_new(path, 1 << 20);
    assert_int_equal(mci_snapshot_load(fifo, MCI_NO_DEADLINE, &n, &written, &err), MC_E_FILE);
    mci_snapshot_free(fifo);
    mci_snapshot *nowhere = mci_snapshot_new("/nonexistent/folder/file", 1 << 20);
    assert_int_equal(mci_snapshot_load(nowhere, MCI_NO_DEADLINE, &n, &written, &err), MC_NOT_FOUND);
    assert_int_equal(mci_snapshot_save(nowhere, three, 3, 1, &err), MC_E_FILE);
    assert_int_equal(err.backend_code, ENOENT);
    mci_snapshot_free(nowhere);
}

/* The disk is full in the middle of the file: the old file stays, and nothing is left behind. */
static void test_full_disk(void **state)
{
    (void)state;
    mci_snapshot *s = saved();
    struct rlimit was;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    struct rlimit tight = {100, was.rlim_max};
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    mc_error err = {0};
    mc_status st = mci_snapshot_save(s, three, 2, 5, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, old);
    assert_int_equal(st, MC_E_FILE);
    assert_int_equal(err.backend_code, EFBIG);
    assert_int_equal(files(), 1);
    assert_int_equal(find(s, three[2].key, "", 0), MC_OK);
    mci_snapshot_free(s);
}

static void save_for_ever(void)
{
    static char big[20000];
    memset(big, 'x', sizeof big);
    mci_snapshot *s = mci_snapshot_new(path, 1 << 20);
    for (unsigned i = 0;; i++) {
        mc_entry e[2] = {{"i", big, 10000 + i % 10000}, {"a", "1", 1}};
        if (mci_snapshot_save(s, e, 2, 1, NULL) != MC_OK)
            _exit(1);
    }
}

static void test_killed_writer(void **state)
{
    (void)state;
    mci_snapshot *s = saved();
    for (int i = 0; i < 30; i++) {
        pid_t pid = fork();
        if (pid == 0)
            save_for_ever();
        assert_true(pid > 0);
        struct timespec some = {0, 1000000L * (1 + i % 7)};
        (void)nanosleep(&some, NULL);
        size_t n = 0;
        int64_t written = 0;
        assert_int_equal(mci_snapshot_load(s, MCI_NO_DEADLINE, &n, &written, NULL), MC_OK); /* while it is being replaced */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(mci_snapshot_load(s, MCI_NO_DEADLINE, &n, &written, NULL), MC_OK);
        assert_int_equal(find(s, "a", NULL, 0), MC_OK);
    }
    /* What the killed ones left behind goes when it is old, and only that. */
    char forgotten[200];
    char stranger[200];
    (void)snprintf(forgotten, sizeof forgotten, "%s.tmp-0123", path);
    (void)snprintf(stranger, sizeof stranger, "%s/other.tmp-1", dir);
    struct utimbuf long_ago = {time(NULL) - 7200, time(NULL) - 7200};
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? forgotten : stranger;
        (void)close(open(name, O_CREAT | O_WRONLY, 0600));
        assert_int_equal(utime(name, &long_ago), 0);
    }
    assert_int_equal(mci_snapshot_save(s, three, 3, 1, NULL), MC_OK);
    assert_int_equal(access(forgotten, F_OK), -1);
    assert_int_equal(access(stranger, F_OK), 0);
    mci_snapshot_free(s);
}

/* `n` entries "k0000000": "N" as a file's text. */
static char *many(size_t n, size_t *len)
{
    mc_entry *e = calloc(n, sizeof *e);
    char *keys = malloc(n * 24);
    mc_error err = {0};
    mci_buf out;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(keys + i * 24, 24, "k%07zu", i);
        e[i] = (mc_entry){.key = keys + i * 24, .value = "v", .size = 1};
    }
    mci_buf_init(&out, SIZE_MAX / 4);
    assert_int_equal(mci_snapshot_encode(e, n, 1700000000123, &out, &err), MC_OK);
    free(e);
    free(keys);
    return mci_buf_take(&out, len);
}

/* A call without time leaves what it has read, the next goes on; what was read before answers meanwhile. */
static void test_piece_by_piece(void **state)
{
    (void)state;
    size_t len = 0;
    char *big = many(100000, &len);
    spill(big, len);
    mci_snapshot *s = mci_snapshot_new(path, 1 << 24);
    char *out = NULL;
    size_t size = 0;
    int64_t written = 0;
    int refused = 0;
    mc_error err = {0};
    int calls = 1;
    mc_status st;
    while ((st = mci_snapshot_find(s, "k0099999", 1, &out, &size, &written, &refused, &err)) == MC_E_TIMEOUT &&
           calls < 10000)
        calls++;
    assert_int_equal(st, MC_OK);
    assert_true(calls > 5 && calls < 1000);
    assert_string_equal(out, "v");
    free(out);
    mci_snapshot *writer = saved(); /* another file takes its place, and then one that takes long again */
    assert_int_equal(find(s, "a", "\0\xff\n", 3), MC_OK);
    spill(big, len);
    calls = 0;
    while ((st = mci_snapshot_find(s, "a", 1, &out, &size, &written, &refused, &err)) == MC_OK && calls < 10000) {
        free(out);
        calls++;
    }
    assert_true(calls > 5 && calls < 1000);
    assert_int_equal(st, MC_NOT_FOUND); /* the new one, that has no such key */
    assert_int_equal(find(s, "k0000000", "v", 1), MC_OK);
    mci_snapshot_free(writer);
    mci_snapshot_free(s);
    free(big);
}

/* Memory is the file's, and a place in the table for each entry; and there is a limit to them. */
static void test_memory_and_entries(void **state)
{
    (void)state;
    size_t len = 0;
    mci_snapshot_table t;
    mc_error err = {0};
    char *text = many(200000, &len);
    struct mallinfo2 before = mallinfo2();
    assert_int_equal(mci_snapshot_decode(text, len, &t, &err), MC_OK);
    struct mallinfo2 after = mallinfo2();
    size_t held = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
    assert_int_equal(t.n, 200000);
    assert_true(held <= len + 200000 * sizeof(mc_entry) + 65536);
    mci_snapshot_table_free(&t);
    free(text);
    text = many(MCI_SNAPSHOT_ENTRIES_MAX + 1, &len);
    assert_int_equal(mci_snapshot_decode(text, len, &t, &err), MC_E_TOOBIG);
    assert_non_null(strstr(err.text, "1000000"));
    free(text);
}

/* As another program might write it: escapes, members in any order, keys in any order, but none twice. */
static void test_written_elsewhere(void **state)
{
    (void)state;
    static const mc_entry sorted[] = {{"a\xc3\xa9", "\xf0\x9f\x98\x80/\t", 6}, {"b", "x", 1}};
    char sum[MCI_SNAPSHOT_SUM_SIZE];
    char text[512];
    mci_snapshot_table t;
    mc_error err = {0};
    mci_snapshot_sum(sorted, 2, 5, sum);
    (void)snprintf(
        text, sizeof text,
        "{\"entries\" : {\"b\":{\"base64\":\"eA==\"} ,\n\"a\\u00E9\": {\"text\":\"\\ud83d\\ude00\\/\\t\"}},\"sum\":\"%s\","
        "\"count\":2,\"version\":1,\"written_ms\":5,\"format\":\"mflixcache-snapshot\"}\n",
        sum);
    assert_int_equal(mci_snapshot_decode(text, strlen(text), &t, &err), MC_OK);
    assert_int_equal(t.n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(t.entry[i].key, sorted[i].key);
        assert_int_equal(t.entry[i].size, sorted[i].size);
        assert_memory_equal(t.entry[i].value, sorted[i].value, sorted[i].size + 1);
    }
    mci_snapshot_table_free(&t);
    static const char *const entries[] = {"{\"b\":{\"text\":\"1\"},\"a\":{\"text\":\"1\"},\"b\":{\"text\":\"2\"}}",
                                          "{\"a\":{\"text\":\"\\ud83d\"}}",
                                          "{\"a\":{\"text\":\"\\u0000\"}}",
                                          "{\"a\":{\"text\":\"\x01\"}}",
                                          "{\"a\":{\"text\":\"\xff\"}}",
                                          "{\"a\":{\"text\":\"1\",}}",
                                          "{\"a\":{\"text\":\"\\x41\"}}",
                                          "{\"a\":{\"text\":\"",
                                          "{,}"};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        (void)snprintf(
            text, sizeof text,
            "{\"format\":\"mflixcache-snapshot\",\"version\":1,\"written_ms\":5,\"count\":1,\"sum\":\"%s\",\"entries\":%s}",
            sum, entries[i]);
        assert_int_equal(mci_snapshot_decode(text, strlen(text), &t, &err), MC_E_JSON);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_piece_by_piece, begin, end),
        cmocka_unit_test(test_memory_and_entries),
        cmocka_unit_test(test_written_elsewhere),
        cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
        cmocka_unit_test_setup_teardown(test_damage, begin, end),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test_setup_teardown(test_the_last_good_one_answers, begin, end),
        cmocka_unit_test_setup_teardown(test_limits_and_odd_paths, begin, end),
        cmocka_unit_test_setup_teardown(test_full_disk, begin, end),
        cmocka_unit_test_setup_teardown(test_killed_writer, begin, end),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
