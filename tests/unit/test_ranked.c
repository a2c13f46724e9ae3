/* SPDX-License-Identifier: Apache-2.0 */
/* Members in order, beside a sorted array that is looked through from end to end. */
#include "cache/memory/ranked.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDS 300

typedef struct row {
    char id[8];
    double score;
} row;

static row rows[IDS]; /* in ascending order */
static size_t n;

static int compare(const void *a, const void *b)
{
    const row *x = a;
    const row *y = b;
    return x->score != y->score ? (x->score > y->score) - (x->score < y->score) : strcmp(x->id, y->id);
}

static row *find(const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].id, id) == 0)
            return &rows[i];
    return NULL;
}

static void put(const char *id, double score)
{
    row *r = find(id);
    if (r == NULL)
        r = &rows[n++];
    snprintf(r->id, sizeof r->id, "%s", id);
    r->score = score;
    qsort(rows, n, sizeof *rows, compare);
}

static void drop(row *r)
{
    *r = rows[--n];
    qsort(rows, n, sizeof *rows, compare);
}

static size_t below(double score)
{
    size_t count = 0;
    while (count < n && rows[count].score < score)
        count++;
    return count;
}

static void same(const mci_ranked *r)
{
    assert_int_equal(mci_ranked_size(r), n);
    const mci_ranked_member *m = mci_ranked_from(r, -INFINITY);
    const mci_ranked_member *before = NULL;
    for (size_t i = 0; i < n; i++, before = m, m = mci_ranked_higher(m)) {
        assert_string_equal(mci_ranked_id(m), rows[i].id);
        assert_true(mci_ranked_score(m) == rows[i].score);
        assert_ptr_equal(mci_ranked_lower(m), before);
        assert_ptr_equal(mci_ranked_find(r, rows[i].id), m);
        assert_int_equal(mci_ranked_above(r, m), n - 1 - i);
        assert_ptr_equal(mci_ranked_from_top(r, n - 1 - i), m);
    }
    assert_null(m);
    assert_null(mci_ranked_from_top(r, n));
    for (double s = -1; s <= 21; s += 0.5) {
        assert_int_equal(mci_ranked_below(r, s), below(s));
        const mci_ranked_member *first = mci_ranked_from(r, s);
        if (below(s) == n)
            assert_null(first);
        else
            assert_string_equal(mci_ranked_id(first), rows[below(s)].id);
    }
}

static void test_against_an_array(void **state)
{
    (void)state;
    mci_ranked *r = mci_ranked_new(99);
    unsigned seed = 11;
    assert_non_null(r);
    same(r);
    size_t empty = mci_ranked_bytes(r);
    for (int step = 0; step < 4000; step++) {
        char id[8];
        seed = seed * 1103515245u + 12345u;
        snprintf(id, sizeof id, "%u", (seed >> 16) % IDS);
        if ((seed >> 8) % 4 == 0) {
            row *there = find(id);
            assert_int_equal(mci_ranked_remove(r, id), there != NULL);
            if (there != NULL)
                drop(there);
        } else {
            double score = (seed >> 4) % 37 == 0 ? INFINITY : (double)((seed >> 20) % 21);
            assert_int_equal(mci_ranked_put(r, id, score), 0);
            put(id, score);
        }
        if (step % 16 == 0)
            same(r);
    }
    same(r);
    assert_true(mci_ranked_bytes(r) > empty + n * sizeof(row));
    mci_ranked_remove_range(r, INFINITY, INFINITY);
    while (n > 0 && isinf(rows[n - 1].score))
        n--;
    same(r);
    mci_ranked_remove_range(r, 5, 7);
    for (size_t i = n; i-- > 0;)
        if (rows[i].score >= 5 && rows[i].score <= 7)
            drop(&rows[i]);
    same(r);
    mci_ranked_remove_range(r, -INFINITY, INFINITY);
    n = 0;
    same(r);
    assert_int_equal(mci_ranked_bytes(r), empty);
    mci_ranked_free(r);
    mci_ranked_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_an_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
