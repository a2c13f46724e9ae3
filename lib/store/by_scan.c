/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: what a store that can only find and scan does not have of its own: ids, top lists, places and counts, each by walking the
 * whole collection page by page. Refuses to hold more than the rows that were asked for.
 */
#include "store/by_scan.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_PAGE 256 /* documents asked for at once */

/* Walk the whole collection from `after`; `each` returns 0 to go on, 1 to stop, or an error. */
typedef mc_status (*each_fn)(void *user, const mci_doc *d);

static mc_status walk(mci_store *s, const mci_spec *spec, const char *after, size_t page, mci_deadline dl, each_fn each,
                      void *user, mc_error *err)
{
    mci_doc **docs = calloc(page, sizeof(mci_doc *));
    char *at = after != NULL ? strdup(after) : NULL;
    mc_status st = docs == NULL || (after != NULL && at == NULL)
                       ? mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "store %s scan: out of memory", s->ops->name)
                       : MC_OK;
    int stop = 0;
    while (st == MC_OK && !stop) {
        size_t n = 0;
        char *last = NULL;
        st = s->ops->scan(s, spec, at, page, dl, docs, &n, &last, err);
        for (size_t i = 0; i < n; i++) {
            if (st == MC_OK && !stop) {
                mc_status one = each(user, docs[i]);
                stop = one == 1;
                if (one < 0)
                    st = mci_fail(err, one, MC_TIER_STORE, "store %s scan: %s", s->ops->name, mc_status_text(one));
            }
            mci_doc_unref(docs[i]);
        }
        free(at);
        at = last;
        stop = stop || last == NULL;
    }
    free(at);
    free(docs);
    return st;
}

typedef struct id_list {
    char **ids;
    size_t n;
    size_t limit;
} id_list;

static mc_status take_id(void *user, const mci_doc *d)
{
    id_list *l = user;
    l->ids[l->n] = strdup(mci_doc_id(d, NULL));
    if (l->ids[l->n] == NULL)
        return MC_E_NOMEM;
    return ++l->n == l->limit;
}

mc_status mci_by_scan_ids(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, char **ids,
                          size_t *n, mc_error *err)
{
    id_list l = {.ids = ids, .limit = limit};
    *n = 0;
    if (limit == 0)
        return MC_OK;
    mc_status st = walk(s, spec, after, limit < SCAN_PAGE ? limit : SCAN_PAGE, dl, take_id, &l, err);
    while (st != MC_OK && l.n > 0)
        free(ids[--l.n]);
    *n = l.n;
    return st;
}

/* The best `cap` rows seen so far, best first. */
typedef struct board {
    const mci_spec *spec;
    mci_ranked_id *rows;
    size_t n;
    size_t cap; /* rows there is memory for */
    size_t wanted;
} board;

static int better(double score, const char *id, const mci_ranked_id *than)
{
    return score > than->score || (score == than->score && strcmp(id, than->id) > 0);
}

static mc_status take_rank(void *user, const mci_doc *d)
{
    board *b = user;
    double score;
    const char *id = mci_doc_id(d, NULL);
    if (!mci_doc_number(d, (size_t)b->spec->rank_field, &score))
        return MC_OK;
    if (b->n == b->wanted && (b->n == 0 || !better(score, id, &b->rows[b->n - 1])))
        return MC_OK;
    if (b->n == b->cap && b->n < b->wanted) {
        size_t cap = b->cap == 0 ? 64 : b->cap * 2;
        mci_ranked_id *rows = realloc(b->rows, cap * sizeof *rows);
        if (rows == NULL)
            return MC_E_NOMEM;
        b->rows = rows;
        b->cap = cap;
    }
    char *copy = strdup(id);
    if (copy == NULL)
        return MC_E_NOMEM;
    if (b->n == b->wanted)
        free(b->rows[--b->n].id);
    size_t low = 0;
    size_t high = b->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (better(score, copy, &b->rows[mid]))
            high = mid;
        else
            low = mid + 1;
    }
    memmove(b->rows + low + 1, b->rows + low, (b->n - low) * sizeof *b->rows);
    b->rows[low] = (mci_ranked_id){.id = copy, .score = score};
    b->n++;
    return MC_OK;
}

mc_status mci_by_scan_top(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl,
                          mci_ranked_id *out, size_t *n, mc_error *err)
{
    board b = {.spec = spec};
    *n = 0;
    if (offset < 0 || (uint64_t)offset > SIZE_MAX - limit)
        return mci_fail(err, MC_E_RANGE, MC_TIER_STORE, "store %s top %s: offset out of range", s->ops->name, spec->name);
    size_t skip = (size_t)offset;
    b.wanted = skip + limit;
    mc_status st = limit == 0 ? MC_OK : walk(s, spec, NULL, SCAN_PAGE, dl, take_rank, &b, err);
    for (size_t i = 0; i < b.n; i++) {
        if (st == MC_OK && i >= skip)
            out[(*n)++] = b.rows[i];
        else
            free(b.rows[i].id);
    }
    free(b.rows);
    return st;
}

/* Counts the documents ranked before one document. */
typedef struct before {
    const mci_spec *spec;
    mci_ranked_id of;
    int64_t n;
} before;

static mc_status count_before(void *user, const mci_doc *d)
{
    before *b = user;
    double score = 0;
    b->n += mci_doc_number(d, (size_t)b->spec->rank_field, &score) && better(score, mci_doc_id(d, NULL), &b->of);
    return MC_OK;
}

mc_status mci_by_scan_rank(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                           mc_error *err)
{
    mci_doc *d = NULL;
    mc_status st = s->ops->find(s, spec, id, dl, &d, err);
    if (st == MC_OK && !mci_doc_number(d, (size_t)spec->rank_field, score))
        st = MC_NOT_FOUND;
    mci_doc_unref(d);
    if (st != MC_OK)
        return st;
    before b = {.spec = spec, .of = {.id = (char *)(uintptr_t)id, .score = *score}};
    st = walk(s, spec, NULL, SCAN_PAGE, dl, count_before, &b, err);
    *rank = b.n;
    return st;
}

static mc_status count_one(void *user, const mci_doc *d)
{
    (void)d;
    ++*(int64_t *)user;
    return MC_OK;
}

mc_status mci_by_scan_count(mci_store *s, const mci_spec *spec, mci_deadline dl, int64_t *out, mc_error *err)
{
    *out = 0;
    return walk(s, spec, NULL, SCAN_PAGE, dl, count_one, out, err);
}

mc_status mci_by_scan_ping(mci_store *s, mci_deadline dl, mc_error *err)
{
    (void)s;
    (void)dl;
    (void)err;
    return MC_OK;
}

mc_status mci_by_scan_prepare(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err)
{
    (void)specs;
    (void)n;
    return mci_by_scan_ping(s, dl, err);
}
