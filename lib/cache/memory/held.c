/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: what is kept by key (values, strings, and the leases and announcements beside them), the order of their use, and the bound on
 * memory. Refuses: letting an announcement go for want of room.
 */
#include "cache/memory/held.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP 4 /* slots looked at per run */

static size_t overhead(const mci_held *h)
{
    return sizeof *h + h->item.len + 2 * sizeof(void *);
}

/* ---- order of use ------------------------------------------------------------------------------------------------- */

static void unlink_used(mci_memory *m, mci_held *h)
{
    if (h->newer != NULL)
        h->newer->older = h->older;
    else if (m->newest == h)
        m->newest = h->older;
    if (h->older != NULL)
        h->older->newer = h->newer;
    else if (m->oldest == h)
        m->oldest = h->newer;
    h->newer = h->older = NULL;
}

void mci_held_used(mci_memory *m, mci_held *h)
{
    if (m->newest == h)
        return;
    unlink_used(m, h);
    h->older = m->newest;
    if (m->newest != NULL)
        m->newest->newer = h;
    m->newest = h;
    if (m->oldest == NULL)
        m->oldest = h;
}

/* ---- guards ------------------------------------------------------------------------------------------------------- */

static void free_guard(mci_memory *m, mci_held *h)
{
    m->bytes -= sizeof *h->guard + h->guard->nwriters * sizeof *h->guard->writers;
    free(h->guard->writers);
    free(h->guard);
    h->guard = NULL;
}

mci_guard *mci_held_guard(mci_memory *m, mci_held *h, int64_t now_ms)
{
    mci_guard *g = h->guard;
    if (g == NULL)
        return NULL;
    for (size_t i = g->nwriters; i-- > 0;)
        if (g->writers[i].until_ms <= now_ms) {
            g->writers[i] = g->writers[--g->nwriters];
            m->bytes -= sizeof *g->writers;
        }
    if (g->lease_until_ms <= now_ms)
        g->lease[0] = '\0';
    if (g->nwriters == 0 || g->sole_until_ms <= now_ms) /* who was alone is asked by writers that stand */
        g->sole[0] = '\0';
    if (g->nwriters > 0 || g->lease[0] != '\0' || g->sole[0] != '\0')
        return g;
    free_guard(m, h);
    return NULL;
}

mci_guard *mci_held_guarded(mci_memory *m, mci_held *h, int64_t now_ms)
{
    mci_guard *g = mci_held_guard(m, h, now_ms);
    if (g != NULL)
        return g;
    h->guard = calloc(1, sizeof *h->guard);
    if (h->guard != NULL)
        m->bytes += sizeof *h->guard;
    return h->guard;
}

int mci_guard_add(mci_memory *m, mci_guard *g, const char *token, int64_t until_ms)
{
    for (size_t i = 0; i < g->nwriters; i++)
        if (strcmp(g->writers[i].token, token) == 0) {
            g->writers[i].until_ms = until_ms;
            return 0;
        }
    mci_writer *w = realloc(g->writers, (g->nwriters + 1) * sizeof *w);
    if (w == NULL)
        return -1;
    g->writers = w;
    memset(&w[g->nwriters], 0, sizeof *w);
    strncpy(w[g->nwriters].token, token, MCI_TOKEN_SIZE - 1);
    w[g->nwriters++].until_ms = until_ms;
    m->bytes += sizeof *w;
    return 0;
}

int mci_guard_remove(mci_memory *m, mci_guard *g, const char *token)
{
    for (size_t i = 0; i < g->nwriters; i++)
        if (strcmp(g->writers[i].token, token) == 0) {
            g->writers[i] = g->writers[--g->nwriters];
            m->bytes -= sizeof *g->writers;
            return 1;
        }
    return 0;
}

/* ---- what is held ------------------------------------------------------------------------------------------------- */

void mci_held_drop(mci_memory *m, mci_held *h)
{
    if (h->kind == MCI_HELD_NOTHING)
        return;
    unlink_used(m, h);
    mci_doc_unref(h->doc);
    free(h->text);
    h->doc = NULL;
    h->text = NULL;
    h->len = 0;
    m->bytes -= h->bytes;
    h->bytes = 0;
    h->kind = MCI_HELD_NOTHING;
}

void mci_held_tidy(mci_memory *m, mci_held *h)
{
    if (h == NULL || h->kind != MCI_HELD_NOTHING || h->guard != NULL)
        return;
    mci_map_remove(&m->held, &h->item);
    m->bytes -= overhead(h);
    free(h);
}

/* Without what is over. */
static mci_held *alive(mci_memory *m, mci_held *h, int64_t now_ms)
{
    if (h->kind != MCI_HELD_NOTHING && h->until_ms <= now_ms)
        mci_held_drop(m, h);
    if (h->kind != MCI_HELD_NOTHING || mci_held_guard(m, h, now_ms) != NULL)
        return h;
    mci_held_tidy(m, h);
    return NULL;
}

mci_held *mci_held_find(mci_memory *m, const mci_held_key *key, int64_t now_ms)
{
    mci_held *h = (mci_held *)mci_map_find(&m->held, key->text, key->len);
    return h != NULL ? alive(m, h, now_ms) : NULL;
}

mci_held *mci_held_make(mci_memory *m, const mci_held_key *key, int64_t now_ms)
{
    mci_held *h = mci_held_find(m, key, now_ms);
    if (h != NULL)
        return h;
    h = calloc(1, sizeof *h + key->len);
    if (h == NULL)
        return NULL;
    memcpy(h->key, key->text, key->len);
    mci_map_add(&m->held, &h->item, h->key, key->len);
    m->bytes += overhead(h);
    return h;
}

int mci_held_set(mci_memory *m, mci_held *h, size_t bytes)
{
    if (!mci_held_fits(m, h, bytes)) { /* then the others need not go for it */
        mci_held_drop(m, h);
        return -1;
    }
    h->serial = ++m->serials;
    h->bytes = bytes;
    m->bytes += bytes;
    mci_held_used(m, h); /* the newest is the last to go */
    if (mci_memory_make_room(m, 0, h, NULL) == 0)
        return 0;
    mci_held_drop(m, h);
    return -1;
}

void mci_held_free_all(mci_memory *m)
{
    mci_map_item *i;
    while ((i = mci_map_next(&m->held, NULL)) != NULL) {
        mci_held *h = (mci_held *)i;
        mci_held_drop(m, h);
        if (h->guard != NULL)
            free_guard(m, h);
        mci_held_tidy(m, h);
    }
    mci_map_free(&m->held);
}

void mci_held_sweep(mci_memory *m, int64_t now_ms)
{
    for (int i = 0; i < SWEEP; i++) {
        m->swept = m->swept + 1 < m->held.slots ? m->swept + 1 : 0;
        mci_map_item *next;
        for (mci_map_item *item = mci_map_slot(&m->held, m->swept); item != NULL; item = next) {
            next = item->next;
            (void)alive(m, (mci_held *)item, now_ms);
        }
    }
}

/* ---- the bound ---------------------------------------------------------------------------------------------------- */

size_t mci_memory_bytes(const mci_memory *m)
{
    size_t sum = m->bytes;
    for (size_t i = 0; i < m->nsets; i++)
        sum += mci_slot_bytes(&m->sets[i]);
    return sum;
}

int mci_held_fits(const mci_memory *m, const mci_held *h, size_t bytes)
{
    size_t sum = overhead(h);
    for (size_t i = 0; i < m->nsets; i++)
        sum += mci_slot_least_bytes(&m->sets[i]);
    return sum <= (size_t)m->max_bytes && bytes <= (size_t)m->max_bytes - sum;
}

int mci_memory_make_room(mci_memory *m, size_t more, const mci_held *keep, const mci_slot *built)
{
    size_t max = (size_t)m->max_bytes;
    size_t sets = mci_memory_bytes(m) - m->bytes + more;
    while (m->bytes + sets > max && m->oldest != NULL && m->oldest != keep) {
        mci_held *h = m->oldest;
        mci_held_drop(m, h);
        mci_held_tidy(m, h);
    }
    for (size_t i = 0; i < m->nsets && mci_memory_bytes(m) + more > max; i++)
        if (m->sets[i].kind != MCI_SET_COUNTER && &m->sets[i] != built)
            mci_slot_shrink(&m->sets[i]);
    return mci_memory_bytes(m) + more > max ? -1 : 0;
}
