/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: joining members of a sorted set with their documents. Refuses: rows without a document. */
#include "engine/rows.h"

#include <stdlib.h>
#include <string.h>

void mci_guess_cmds(mci_memory *m, int64_t offset, size_t count, const mci_coll *coll, mci_batch *b, mci_guess *out)
{
    *out = (mci_guess){.first = b->n};
    if (offset >= MCI_MEMORY_MAX || count == 0)
        return;
    out->ids = calloc(count, sizeof *out->ids);
    if (out->ids == NULL)
        return;
    mci_mutex_lock(&m->lock);
    for (size_t i = (size_t)offset; i < m->n && out->n < count; i++, out->n++) {
        out->ids[out->n] = m->ids[i] != NULL ? strdup(m->ids[i]) : NULL;
        if (out->ids[out->n] == NULL)
            break;
    }
    mci_mutex_unlock(&m->lock);
    for (size_t i = 0; i < out->n; i++)
        mci_read_cmd(b, coll, out->ids[i], MCI_WANT_FIELDS);
}

void mci_guess_free(mci_guess *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->ids[i]);
    free(g->ids);
    *g = (mci_guess){0};
}

static void remember(mci_memory *m, int64_t offset, const mci_row *rows, size_t n)
{
    if (offset + (int64_t)n > MCI_MEMORY_MAX)
        return;
    mci_mutex_lock(&m->lock);
    size_t end = (size_t)offset + n;
    if (end > m->n) {
        char **ids = realloc(m->ids, end * sizeof *ids);
        if (ids == NULL) {
            mci_mutex_unlock(&m->lock);
            return;
        }
        memset(ids + m->n, 0, (end - m->n) * sizeof *ids);
        m->ids = ids;
        m->n = end;
    }
    for (size_t i = 0; i < n; i++) {
        char **at = &m->ids[(size_t)offset + i];
        if (*at != NULL && strcmp(*at, rows[i].id) == 0)
            continue;
        free(*at);
        *at = strdup(rows[i].id);
    }
    mci_mutex_unlock(&m->lock);
}

/* Document of `id` out of the guesses' replies; the guess at the same place is the likely one. */
static mci_doc *from_guess(mci_call *c, mci_coll *coll, const char *id, size_t place, const mci_batch *b, const mci_guess *g,
                           int64_t epoch, int64_t *age_ms)
{
    for (size_t k = 0; k < g->n; k++) {
        size_t i = (place + k) % g->n;
        if (strcmp(g->ids[i], id) != 0)
            continue;
        mci_item it = {.id = id};
        mci_slice rejected;
        if (mci_recovery_has(&c->e->recovery, mci_coll_index(c->e, coll), 0, id))
            return NULL; /* written by us, and Redis could not be told: it is read past Redis */
        if (!mci_read_reply(c, coll, &it, mci_batch_reply(b, g->first + i), MCI_WANT_FIELDS, epoch, &rejected))
            return NULL;
        if (it.info.age_ms > *age_ms)
            *age_ms = it.info.age_ms;
        mci_count(c->e->metrics, MCI_C_READS);
        mci_count(c->e->metrics, it.doc != NULL ? MCI_C_HITS : MCI_C_NEGATIVE_HITS);
        return it.doc;
    }
    return NULL;
}

mc_status mci_rows_load(mci_call *c, mci_coll *coll, mci_row *rows, size_t *n, size_t *ghosts)
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
    size_t kept = 0;
    size_t k = 0;
    for (size_t i = 0; i < *n; i++) {
        mci_row row = rows[i];
        if (row.doc == NULL && st == MC_OK) {
            row.doc = items[k].doc;
            if (items[k].status < 0)
                st = items[k].status;
            if (items[k].info.cache != MC_CACHE_HIT)
                c->info->cache = items[k].info.cache;
            c->info->flags |= items[k].info.flags & ~(unsigned)MC_FLAG_NEGATIVE;
            if (items[k].info.age_ms > c->info->age_ms)
                c->info->age_ms = items[k].info.age_ms;
            k++;
        }
        rows[i] = (mci_row){0};
        if (row.doc != NULL) {
            rows[kept++] = row;
        } else {
            free(row.id);
            (*ghosts)++;
        }
    }
    for (; k < wanted; k++)
        mci_doc_unref(items[k].doc);
    free(items);
    *n = kept;
    if (st < 0) {
        mci_rows_free(rows, kept);
        *n = 0;
    }
    return st;
}

/* One member of the page into the next row. 1: a row; 0: none (a mark); -1: memory is short. */
static int take_member(mci_call *c, const mci_coll *coll, const mci_page *p, const mci_reply *id, const mci_reply *score,
                       mci_row *row, size_t *ghosts)
{
    char checked[MCI_ID_CAP];
    if (id->type != MCI_REPLY_STRING || (id->len >= 2 && id->u.str[0] == '!' && id->u.str[1] == ' '))
        return 0;
    if (mci_reply_double(score, &row->score) != 0 ||
        mci_id_check(coll->spec->id_kind, id->u.str, id->len, checked, "id", NULL) != MC_OK) {
        mci_derived_forget(c, p->key, id->u.str, id->len);
        mci_count(c->e->metrics, MCI_C_POISONED);
        (*ghosts)++;
        return 0;
    }
    row->id = strdup(checked);
    return row->id != NULL ? 1 : -1;
}

mc_status mci_rows_from_page(mci_call *c, mci_coll *coll, const mci_page *p, mci_row *rows, size_t *n, size_t *ghosts)
{
    size_t count = 0;
    int64_t age = 0;
    *n = 0;
    *ghosts = 0;
    for (size_t i = 0; i < p->count; i++) {
        const mci_reply *id = mci_reply_item(p->reply, 2 * i);
        const mci_reply *score = mci_reply_item(p->reply, 2 * i + 1);
        mci_row row = {.rank = p->offset + (int64_t)i};
        int took = id == NULL || score == NULL ? 0 : take_member(c, coll, p, id, score, &row, ghosts);
        if (took < 0) {
            mci_rows_free(rows, count);
            return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
        }
        if (took == 0)
            continue;
        row.doc = from_guess(c, coll, row.id, count, p->batch, p->guess, p->epoch, &age);
        rows[count++] = row;
    }
    remember(p->memory, p->offset, rows, count);
    c->info->tier = MC_TIER_REDIS;
    c->info->cache = MC_CACHE_HIT;
    c->info->age_ms = age;
    *n = count;
    return mci_rows_load(c, coll, rows, n, ghosts);
}
