/* SPDX-License-Identifier: Apache-2.0 */
/* The plain snapshot: what other languages read and write, checked by the file beside it, with the older form still read. */
#include "store/snapshot.h"
#include "store/snapshot_file.h"
#include "store/snapshot_plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static char path[128];
static char beside[160];

static int begin(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/mflix-plain-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/data.json", dir);
    (void)snprintf(beside, sizeof beside, "%s.check", path);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(beside);
    return rmdir(dir); /* nothing else was left behind */
}

static void spill(const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static mci_snapshot *plain(void)
{
    mci_snapshot *s = mci_snapshot_new(path, 1 << 20);
    mci_snapshot_set_plain(s);
    return s;
}

/* The value as text, "-" when it is not there, "!" and the status. */
static const char *find_text(char at[128], mci_snapshot *s, const char *key, int64_t *written_ms)
{
    char *out = NULL;
    size_t size = 0;
    int refused = 0;
    mc_status st = mci_snapshot_find(s, key, MCI_NO_DEADLINE, &out, &size, written_ms, &refused, NULL);
    (void)snprintf(at, 128, "%s", st == MC_OK ? out : st == MC_NOT_FOUND ? "-" : "!");
    if (st == MC_OK)
        assert_int_equal(size, strlen(out));
    else if (st < 0)
        (void)snprintf(at, 128, "!%d", st);
    free(out);
    return at;
}
#define find(s, key) find_text((char[128]){0}, s, key, &(int64_t){0})

#define TEXT(key, value)                                                                                                    \
    {                                                                                                                       \
        key, value, sizeof(value) - 1                                                                                       \
    }
static const mc_entry entries[] = {
    TEXT("b:object", "{\"a\": [1, 2.5e3, {\"x\":null}],\"e\":\"\\u00e8\\ud83d\\ude00\"}"),
    TEXT("a:text", "say \"hi\"\n"),
    TEXT("c:number", "12"),
    TEXT("d:string", "\"quoted\""),
    TEXT("e:almost", "{\"a\":1} "),
    TEXT("f:lone", "{\"a\":\"\\ud800\"}"),
    TEXT("g:empty", ""),
    TEXT("h:array", "[]"),
};
#define N (sizeof entries / sizeof entries[0])

static void test_round_trip(void **state)
{
    (void)state;
    char text[2048] = "";
    mci_snapshot *s = plain();
    assert_int_equal(mci_snapshot_save(s, entries, N, 1700000000123, NULL), MC_OK);
    for (size_t i = 0; i < N; i++) {
        int64_t written = 0;
        assert_string_equal(find_text((char[128]){0}, s, entries[i].key, &written), entries[i].value);
        assert_int_equal(written, 1700000000123);
    }
    FILE *f = fopen(path, "rb");
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    (void)fclose(f);
    assert_string_equal(text, "{\n\"a:text\":\"say \\\"hi\\\"\\n\",\n"
                              "\"b:object\":{\"a\": [1, 2.5e3, {\"x\":null}],\"e\":\"\\u00e8\\ud83d\\ude00\"},\n"
                              "\"c:number\":\"12\",\n\"d:string\":\"\\\"quoted\\\"\",\n\"e:almost\":\"{\\\"a\\\":1} \",\n"
                              "\"f:lone\":\"{\\\"a\\\":\\\"\\\\ud800\\\"}\",\n\"g:empty\":\"\",\n\"h:array\":[]\n}\n");
    mci_snapshot_free(s);
    s = mci_snapshot_new(path, 1 << 20); /* who was not told takes it for damage */
    assert_string_equal(find(s, "a:text")[0] == '!' ? "refused" : "", "refused");
    mci_snapshot_free(s);
}

static void test_older_form_is_read(void **state)
{
    (void)state;
    int64_t written = 0;
    mci_snapshot *old = mci_snapshot_new(path, 1 << 20);
    assert_int_equal(mci_snapshot_save(old, entries, N, 1700000000123, NULL), MC_OK);
    mci_snapshot_free(old);
    mci_snapshot *s = plain();
    assert_string_equal(find_text((char[128]){0}, s, "d:string", &written), "\"quoted\"");
    assert_int_equal(written, 1700000000123);
    mci_snapshot_free(s);
}

/* What another program wrote: any JSON object, as old as the file. */
static void test_foreign_file(void **state)
{
    (void)state;
    int64_t written = 0;
    struct stat st;
    mci_snapshot *s = plain();
    assert_int_equal(mci_snapshot_save(s, entries, N, 1700000000123, NULL), MC_OK);
    spill(" { \"x\" : 1.5 , \"y\":[true,\n false],\"z\":\"t\\u0041\", \"w\": {}\t} \n");
    assert_string_equal(find_text((char[128]){0}, s, "x", &written), "1.5");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(written, (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
    assert_string_equal(find(s, "y"), "[true,\n false]");
    assert_string_equal(find(s, "z"), "tA");
    assert_string_equal(find(s, "w"), "{}");
    assert_string_equal(find(s, "a:text"), "-");
    spill("{}");
    assert_string_equal(find(s, "x"), "-");
    static const char *const bad[] = {"",
                                      "{",
                                      "[1]",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{\"a\":1}x",
                                      "{\"a\" 1}",
                                      "{\"a\":01}",
                                      "{\"a\":1.}",
                                      "{\"a\":tru}",
                                      "{\"a\":[1,]}",
                                      "{\"a\":{\"b\"}}",
                                      "{\"a\":[1}}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":{\"b\":\"\x01\"}}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mci_snapshot *fresh = plain();
        spill(bad[i]);
        assert_int_equal(find(fresh, "a")[0], '!');
        mci_snapshot_free(fresh);
    }
    mci_snapshot_free(s);
}

/* A byte that turned over in the very file the check speaks of: refused, and what was read before goes on answering. */
static void test_damage(void **state)
{
    (void)state;
    struct stat st;
    mci_snapshot *s = plain();
    assert_int_equal(mci_snapshot_save(s, entries, N, 1700000000123, NULL), MC_OK);
    assert_string_equal(find(s, "c:number"), "12");
    assert_int_equal(stat(path, &st), 0);
    FILE *f = fopen(path, "r+b");
    assert_int_equal(fseek(f, 12, SEEK_SET), 0);
    assert_int_equal(fputc('k', f), 'k');
    assert_int_equal(fclose(f), 0);
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(0, path, times, 0), 0);
    mci_snapshot *fresh = plain();
    assert_int_equal(find(fresh, "c:number")[0], '!');
    assert_string_equal(find(s, "c:number"), "12");
    mci_snapshot_free(fresh);
    mci_snapshot_free(s);
}

static void test_what_is_no_text(void **state)
{
    (void)state;
    mc_error err = {0};
    const mc_entry bytes[] = {{"k", "\xff\xfe", 2}, {"n", "a\0b", 3}};
    mci_snapshot *s = plain();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(mci_snapshot_save(s, &bytes[i], 1, 5, &err), MC_E_UTF8);
        assert_non_null(strstr(err.text, "snapshot.format"));
        assert_int_equal(access(path, F_OK), -1);
    }
    mci_snapshot_free(s);
}

static void test_depth(void **state)
{
    (void)state;
    char deep[512];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    assert_ptr_equal(mci_snapshot_json_end(deep + 100, deep + 300), deep + 300);
    assert_null(mci_snapshot_json_end(deep + 99, deep + 301));
    assert_null(mci_snapshot_json_end(deep, deep + 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
        cmocka_unit_test_setup_teardown(test_older_form_is_read, begin, end),
        cmocka_unit_test_setup_teardown(test_foreign_file, begin, end),
        cmocka_unit_test_setup_teardown(test_damage, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_no_text, begin, end),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
