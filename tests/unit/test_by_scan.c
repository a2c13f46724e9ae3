/* SPDX-License-Identifier: Apache-2.0 */
/* What is made from a scan: ids, top lists, places and counts, over a store of more documents than one page. */
#include "store/by_scan.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DOCS 600

static const mci_field fields[] = {{"score", "score", MCI_REAL}};
static const mci_spec spec = {
    .name = "things", .key = "thing", .fields = fields, .nfields = 1, .alias_field = -1, .rank_field = 0};

static int scans;       /* pages asked for */
static int fail_at;     /* the page that fails, counted from 1; 0: none */
static mc_status fails; /* how */

/* Documents "0000" to "0599": every tenth without a score, the others with scores 0 to 6, so that many are equal. */
static int score_of(int i, double *score)
{
    *score = i % 7;
    return i % 10 != 0;
}

static mci_doc *document(int i)
{
    mci_docb b;
    char id[16];
    double score;
    (void)snprintf(id, sizeof id, "%04d", i);
    mci_docb_begin(&b, &spec, 64);
    mci_docb_id(&b, id, 4);
    if (score_of(i, &score))
        mci_docb_real(&b, 0, score);
    return mci_docb_finish(&b);
}

static mc_status scan(mci_store *s, const mci_spec *of, const char *after, size_t limit, mci_deadline dl, mci_doc **out,
                      size_t *n, char **last, mc_error *err)
{
    (void)s;
    (void)of;
    (void)dl;
    *n = 0;
    *last = NULL;
    if (++scans == fail_at)
        return mci_fail(err, fails, MC_TIER_STORE, "no page");
    int i = after != NULL ? atoi(after) + 1 : 0;
    for (; i < DOCS && *n < limit; i++)
        out[(*n)++] = document(i);
    if (*n == limit)
        *last = strdup(mci_doc_id(out[*n - 1], NULL));
    return MC_OK;
}

static mc_status find(mci_store *s, const mci_spec *of, const char *id, mci_deadline dl, mci_doc **out, mc_error *err)
{
    (void)s;
    (void)of;
    (void)dl;
    (void)err;
    int i = atoi(id);
    *out = i < DOCS ? document(i) : NULL;
    return *out != NULL ? MC_OK : MC_NOT_FOUND;
}

static const mci_store_ops ops = {.name = "pages", .scan = scan, .find = find};
static mci_store store = {.ops = &ops};

/* Place of a document from 0, counted in the plain way. */
static int64_t place(int i)
{
    double mine;
    double other;
    int64_t n = 0;
    (void)score_of(i, &mine);
    for (int k = 0; k < DOCS; k++)
        n += score_of(k, &other) && (other > mine || (other == mine && k > i));
    return n;
}

static void test_places(void **state)
{
    (void)state;
    mc_error err = {0};
    int64_t rank = -1;
    double score = -1;
    for (int i = 1; i < DOCS; i += 83) {
        char id[16];
        double expected;
        (void)snprintf(id, sizeof id, "%04d", i);
        if (!score_of(i, &expected))
            continue;
        assert_int_equal(mci_by_scan_rank(&store, &spec, id, INT64_MAX, &rank, &score, &err), MC_OK);
        assert_int_equal(rank, place(i));
        assert_true(score == expected);
    }
    assert_int_equal(mci_by_scan_rank(&store, &spec, "0010", INT64_MAX, &rank, &score, &err), MC_NOT_FOUND); /* no score */
    assert_int_equal(mci_by_scan_rank(&store, &spec, "9999", INT64_MAX, &rank, &score, &err), MC_NOT_FOUND);
}

static void test_top(void **state)
{
    (void)state;
    static const struct {
        int64_t offset;
        size_t limit;
        size_t n;
    } pages[] = {{0, 5, 5}, {3, 200, 200}, {530, 20, 10}, {600, 5, 0}, {0, 0, 0}};
    mc_error err = {0};
    for (size_t p = 0; p < sizeof pages / sizeof *pages; p++) {
        mci_ranked_id out[200];
        size_t n = 99;
        assert_int_equal(mci_by_scan_top(&store, &spec, pages[p].offset, pages[p].limit, INT64_MAX, out, &n, &err), MC_OK);
        assert_int_equal(n, pages[p].n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(place(atoi(out[i].id)), pages[p].offset + (int64_t)i);
            free(out[i].id);
        }
    }
    mci_ranked_id none;
    size_t n = 99;
    assert_int_equal(mci_by_scan_top(&store, &spec, -1, 1, INT64_MAX, &none, &n, &err), MC_E_RANGE);
    assert_int_equal(n, 0);
}

static void test_ids_and_count(void **state)
{
    (void)state;
    mc_error err = {0};
    char *ids[500];
    size_t n = 0;
    int64_t count = 0;
    assert_int_equal(mci_by_scan_ids(&store, &spec, "0049", 500, INT64_MAX, ids, &n, &err), MC_OK);
    assert_int_equal(n, 500);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(atoi(ids[i]), 50 + (int)i);
        free(ids[i]);
    }
    scans = 0;
    assert_int_equal(mci_by_scan_count(&store, &spec, INT64_MAX, &count, &err), MC_OK);
    assert_int_equal(count, DOCS);
    assert_true(scans > 1); /* never all of it at once */
}

/* A page that fails in the middle: its status and text, and nothing is left behind. */
static void test_failing_page(void **state)
{
    (void)state;
    mc_error err = {0};
    char *ids[500];
    mci_ranked_id out[10];
    size_t n = 99;
    int64_t count = 0;
    fails = MC_E_TIMEOUT;
    scans = 0;
    fail_at = 2;
    assert_int_equal(mci_by_scan_ids(&store, &spec, NULL, 500, INT64_MAX, ids, &n, &err), MC_E_TIMEOUT);
    assert_string_equal(err.text, "no page");
    assert_int_equal(n, 0);
    scans = 0;
    assert_int_equal(mci_by_scan_top(&store, &spec, 0, 10, INT64_MAX, out, &n, &err), MC_E_TIMEOUT);
    assert_int_equal(n, 0);
    scans = 0;
    assert_int_equal(mci_by_scan_count(&store, &spec, INT64_MAX, &count, &err), MC_E_TIMEOUT);
    fail_at = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_top),
                                       cmocka_unit_test(test_ids_and_count), cmocka_unit_test(test_failing_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
