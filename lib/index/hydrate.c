/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: joining members of a set with their documents. Refuses: rows without a document. */
#include "index/hydrate.h"

#include "engine/read.h"
#include "index/repair.h"

#include <stdlib.h>
#include <string.h>

void mci_rows_free(mci_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mci_doc_unref(rows[i].doc);
        free(rows[i].id);
        rows[i] = (mci_row){0};
    }
}

/* ---- fetching ahead ----------------------------------------------------------------------------------------------- */

void mci_fetch_ahead(mci_index *ix, int64_t offset, size_t count, const mci_coll *coll, mci_ops *ops, mci_fetched *out)
{
    mci_hints *h = &ix->hints;
    *out = (mci_fetched){.first = ops->n};
    if (offset >= MCI_HINTS_MAX || count == 0)
        return;
    out->ids = calloc(count, sizeof *out->ids);
    if (out->ids == NULL)
        return;
    mci_mutex_lock(&h->lock);
    for (size_t i = (size_t)offset; i < h->n && out->n < count; i++, out->n++) {
        out->ids[out->n] = h->ids[i] != NULL ? strdup(h->ids[i]) : NULL;
        if (out->ids[out->n] == NULL)
            break;
    }
    mci_mutex_unlock(&h->lock);
    for (size_t i = 0; i < out->n; i++)
        mci_read_add(ops, coll, out->ids[i], MCI_WANT_FIELDS);
}

void mci_fetch_these(const char *ids, size_t n, const mci_coll *coll, mci_ops *ops, mci_fetched *out)
{
    *out = (mci_fetched){.first = ops->n, .ids = n > 0 ? calloc(n, sizeof *out->ids) : NULL};
    for (; out->ids != NULL && out->n < n; out->n++, ids += strlen(ids) + 1) {
        out->ids[out->n] = strdup(ids);
        if (out->ids[out->n] == NULL)
            break;
        mci_read_add(ops, coll, out->ids[out->n], MCI_WANT_FIELDS);
    }
}

void mci_fetched_free(mci_fetched *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->ids[i]);
    free(f->ids);
    *f = (mci_fetched){0};
}

static void remember(mci_hints *h, int64_t offset, const mci_row *rows, size_t n)
{
    if (offset + (int64_t)n > MCI_HINTS_MAX)
        return;
    mci_mutex_lock(&h->lock);
    size_t end = (size_t)offset + n;
    if (end > h->n) {
        char **ids = realloc(h->ids, end * sizeof *ids);
        if (ids == NULL) {
            mci_mutex_unlock(&h->lock);
            return;
        }
        memset(ids + h->n, 0, (end - h->n) * sizeof *ids);
        h->ids = ids;
        h->n = end;
    }
    for (size_t i = 0; i < n; i++) {
        char **at = &h->ids[(size_t)offset + i];
        if (*at != NULL && strcmp(*at, rows[i].id) == 0)
            continue;
        free(*at);
        *at = strdup(rows[i].id);
    }
    mci_mutex_unlock(&h->lock);
}

mci_doc *mci_fetched_take(mci_call *c, mci_coll *coll, const char *id, size_t place, const mci_fetched *f, mci_ops *ops,
                          int64_t *age_ms)
{
    for (size_t k = 0; k < f->n; k++) {
        size_t i = (place + k) % f->n;
        if (strcmp(f->ids[i], id) != 0)
            continue;
        mci_item it = {.id = id};
        if (mci_recovery_has(&c->e->recovery, mci_coll_number(c->e, coll), 0, id))
            return NULL; /* written by us, and not announced to the cache yet: it is read past it */
        if (!mci_read_take(c, coll, &it, &ops->op[f->first + i].u.value_read.found))
            return NULL;
        if (it.info.age_ms > *age_ms)
            *age_ms = it.info.age_ms;
        mci_count(c->e->metrics, MCI_C_READS);
        mci_count(c->e->metrics, it.doc != NULL ? MCI_C_HITS : MCI_C_NEGATIVE_HITS);
        return it.doc;
    }
    return NULL;
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

/* Rows without a document go, those that stay move up. Returns how many stay. */
static size_t keep_complete(mci_row *rows, size_t n, size_t *dangling)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        mci_row row = rows[i];
        rows[i] = (mci_row){0};
        if (row.doc != NULL) {
            rows[kept++] = row;
        } else {
            free(row.id);
            (*dangling)++;
        }
    }
    return kept;
}

/* What the read of one document says about the entire list. */
static void tell_item(mci_call *c, const mci_item *it)
{
    if (it->info.cache != MC_CACHE_HIT)
        c->info->cache = it->info.cache;
    c->info->flags |= it->info.flags & ~(unsigned)MC_FLAG_NEGATIVE;
    if (it->info.age_ms > c->info->age_ms)
        c->info->age_ms = it->info.age_ms;
}

mc_status mci_hydrate_rows(mci_call *c, mci_coll *coll, mci_row *rows, size_t *n, size_t *dangling)
{
    mci_item *items = calloc(*n > 0 ? *n : 1, sizeof *items);
    if (items == NULL) {
        mci_rows_free(rows, *n);
        *n = 0;
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
    }
    size_t wanted = 0;
    for (size_t i = 0; i < *n; i++)
        if (rows[i].doc == NULL)
            items[wanted++].id = rows[i].id;
    mc_status st = mci_read_many(c, coll, items, wanted, MCI_WANT_FIELDS);
    size_t k = 0;
    for (size_t i = 0; st == MC_OK && i < *n; i++) {
        if (rows[i].doc != NULL)
            continue;
        const mci_item *it = &items[k++];
        rows[i].doc = it->doc;
        tell_item(c, it);
        if (it->status < 0)
            st = it->status;
    }
    for (; k < wanted; k++)
        mci_doc_unref(items[k].doc);
    free(items);
    *n = keep_complete(rows, *n, dangling);
    if (st < 0) {
        mci_rows_free(rows, *n);
        *n = 0;
    }
    return st;
}

/* One member of the page into the next row. 1: a row; 0: none; -1: memory is short. */
static int take_member(mci_call *c, const mci_coll *coll, const mci_page *p, const mci_member *m, mci_row *row,
                       size_t *dangling)
{
    char checked[MCI_ID_CAP];
    if (m->id.p == NULL || mci_id_check(coll->spec->id_kind, m->id.p, m->id.n, checked, "id", NULL) != MC_OK) {
        if (m->id.p != NULL)
            mci_forget_member(c, p->ix, m->id);
        mci_count(c->e->metrics, MCI_C_CORRUPT);
        (*dangling)++;
        return 0;
    }
    row->score = m->score;
    row->id = strdup(checked);
    return row->id != NULL ? 1 : -1;
}

mc_status mci_hydrate(mci_call *c, mci_coll *coll, const mci_page *p, mci_row *rows, size_t *n, size_t *dangling)
{
    size_t count = 0;
    int64_t age = 0;
    *n = 0;
    *dangling = 0;
    for (size_t i = 0; i < p->n && i < p->count; i++) {
        mci_row row = {.rank = p->offset + (int64_t)i};
        int took = take_member(c, coll, p, &p->members[i], &row, dangling);
        if (took < 0) {
            mci_rows_free(rows, count);
            return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
        }
        if (took == 0)
            continue;
        row.doc = mci_fetched_take(c, coll, row.id, count, p->fetched, p->ops, &age);
        rows[count++] = row;
    }
    remember(&p->ix->hints, p->offset, rows, count);
    c->info->tier = MC_TIER_REDIS;
    c->info->cache = MC_CACHE_HIT;
    c->info->age_ms = age;
    *n = count;
    return mci_hydrate_rows(c, coll, rows, n, dangling);
}
