/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the program's parts that need no server: JSON, summaries, random numbers, the progress line, rows. */
#include "app.h"
#include "draw.h"
#include "json_out.h"
#include "latency.h"
#include "progress.h"
#include "rows.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static int failed;

#define CHECK(what)                                                                                                         \
    do {                                                                                                                    \
        if (!(what)) {                                                                                                      \
            failed = 1;                                                                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                                                      \
        }                                                                                                                   \
    } while (0)

/* args.c says what is wrong through this; app.c has the real one. */
int usage_error(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    return EXIT_USAGE;
}

static int same_text(FILE *f, const char *wanted)
{
    char found[1024];
    rewind(f);
    size_t n = fread(found, 1, sizeof found - 1, f);
    found[n] = '\0';
    fclose(f);
    if (strcmp(found, wanted) == 0)
        return 1;
    fprintf(stderr, "found  %s\nwanted %s\n", found, wanted);
    return 0;
}

static void test_json(void)
{
    FILE *f = tmpfile();
    json j;
    put_begin(&j, f);
    put_object(&j, NULL);
    put_text(&j, "text", "a\"b\\c\n\x01\x7f é");
    put_text(&j, "wrong", "\xff-\xc3-\xed\xa0\x80-\xc0\x80"); /* stray, cut, surrogate, overlong */
    put_text_n(&j, "nul", "a\0b", 3);
    put_text(&j, "none", NULL);
    put_array(&j, "numbers");
    put_int(&j, NULL, INT64_MIN);
    put_number(&j, NULL, 0.1);
    put_number(&j, NULL, 7);
    put_number(&j, NULL, 0.1 + 0.2);
    put_number(&j, NULL, strtod("nan", NULL));
    put_number(&j, NULL, strtod("inf", NULL));
    put_fixed(&j, NULL, 1.0 / 3, 3);
    put_end_array(&j);
    put_object(&j, "empty");
    put_end_object(&j);
    put_bool(&j, "yes", 1);
    put_raw(&j, "raw", "{\"a\":1}", 7);
    put_end_object(&j);
    put_finish(&j);
    CHECK(same_text(f,
                    "{\"text\":\"a\\\"b\\\\c\\n\\u0001\\u007f é\","
                    "\"wrong\":\"\xEF\xBF\xBD-\xEF\xBF\xBD-\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD-\xEF\xBF\xBD\xEF\xBF\xBD\","
                    "\"nul\":\"a\\u0000b\",\"none\":null,"
                    "\"numbers\":[-9223372036854775808,0.1,7,0.30000000000000004,null,null,0.333],"
                    "\"empty\":{},\"yes\":true,\"raw\":{\"a\":1}}\n"));
}

static void test_summary(void)
{
    samples s = {0}, more = {0};
    summary r = samples_summary(&s);
    CHECK(r.n == 0 && r.p99_ns == 0 && r.max_ns == 0);
    for (int64_t i = 100; i >= 1; i--)
        CHECK(samples_add(i % 2 ? &s : &more, i * 10) == 0);
    CHECK(samples_join(&s, &more) == 0);
    r = samples_summary(&s);
    CHECK(r.n == 100 && r.min_ns == 10 && r.p50_ns == 500 && r.p90_ns == 900 && r.p99_ns == 990 && r.max_ns == 1000);
    CHECK(r.mean_ns > 504.9 && r.mean_ns < 505.1);
    samples_free(&s);
    samples_free(&more);
    CHECK(samples_add(&s, 7) == 0);
    r = samples_summary(&s);
    CHECK(r.p50_ns == 7 && r.p99_ns == 7 && r.min_ns == 7);
    samples_free(&s);
}

static void test_prng(void)
{
    static const quantile_point points[] = {{0, 10}, {5000, 20}, {10000, 100}};
    static const uint32_t weights[] = {1, 0, 3};
    prng a = prng_seed(42, 1, 7), b = prng_seed(42, 1, 7), c = prng_seed(42, 1, 8);
    int64_t below = 0, seen[3] = {0};
    CHECK(prng_next(&a) == prng_next(&b));
    CHECK(prng_next(&a) != prng_next(&c));
    for (int i = 0; i < 20000; i++) {
        int64_t v = prng_quantile(&a, points, 3);
        below += v < 20;
        if (v < 10 || v > 100)
            failed = 1;
        seen[prng_weighted(&a, weights, 3)]++;
        if (prng_below(&a, 3) > 2 || prng_between(&a, -2, 2) < -2)
            failed = 1;
    }
    CHECK(below > 9600 && below < 10400);
    CHECK(seen[0] > 4600 && seen[0] < 5400 && seen[1] == 0);
    CHECK(!prng_chance(&a, 0) && prng_chance(&a, 10000));
}

static void test_progress(void)
{
    char line[256];
    progress p = {.label = "movies", .unit = "rows"};
    progress_format(line, sizeof line, 200, &p, 2000000000, 12345, 50, 100);
    CHECK(strcmp(line, "movies [############............]  50%  12,345 rows  6,172/s  2 s left") == 0);
    progress_format(line, sizeof line, 200, &p, 10000000000, 1000000, 1, 100);
    CHECK(strstr(line, "  1%  1,000,000 rows  100,000/s  16 min 30 s left") != NULL);
    progress_format(line, sizeof line, 200, &p, 1000000000, 7, 0, 0);
    CHECK(strcmp(line, "movies  7 rows  7/s  1.0 s") == 0);
    progress_format(line, sizeof line, 30, &p, 1000000000, 7, 7, 7);
    CHECK(strlen(line) == 29);
    progress_format(line, sizeof line, 200, &p, 1, 0, 200, 100); /* more than all of it: a file that grew */
    CHECK(strstr(line, "100%") != NULL);
    progress_format(line, sizeof line, 200, &p, 360000000000000, 1, 1, 2);
    CHECK(strstr(line, "100 h 00 min left") != NULL);
}

static void test_rows(void)
{
    char path[] = "/tmp/mflix-rows-XXXXXX";
    const char *row = NULL;
    size_t size = 0;
    int64_t line = 0, done, total;
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    gzFile packed = gzdopen(fd, "wb");
    gzputs(packed, "\xEF\xBB\xBF{\"a\":1}\r\n\n  \t\n{\"b\":2}\nlast");
    gzclose(packed);
    rows *r = rows_open(path);
    CHECK(r != NULL);
    CHECK(rows_next(r, &row, &size, &line) == ROW_READ && line == 1 && size == 7 && memcmp(row, "{\"a\":1}", 7) == 0);
    CHECK(rows_next(r, &row, &size, &line) == ROW_READ && line == 4 && size == 7);
    CHECK(rows_next(r, &row, &size, &line) == ROW_READ && line == 5 && size == 4 && memcmp(row, "last", 4) == 0);
    CHECK(rows_next(r, &row, &size, &line) == ROW_END);
    rows_position(r, &done, &total);
    CHECK(done == total && total > 0);
    rows_close(r);
    unlink(path);
    CHECK(rows_open("/nonexistent/rows") == NULL);
    CHECK(rows_open("/") == NULL);
}

static void test_names(void)
{
    static const char *const names[] = {"load", "generate", "get", "ping"};
    CHECK(strcmp(nearest_name("genrate", names, 4), "generate") == 0);
    CHECK(strcmp(nearest_name("laod", names, 4), "load") == 0);
    CHECK(nearest_name("something", names, 4) == NULL);
    CHECK(nearest_name("", names, 4) == NULL);
}

int main(void)
{
    static void (*const tests[])(void) = {test_json, test_summary, test_prng, test_progress, test_rows, test_names};
    int bad = 0, n = (int)(sizeof tests / sizeof *tests);
    for (int i = 0; i < n; i++) {
        failed = 0;
        tests[i]();
        bad += failed;
    }
    printf("%d passed, %d failed, 0 skipped\n", n - bad, bad);
    return bad ? 1 : 0;
}
