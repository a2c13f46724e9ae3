/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: building a derived set in this process: begin, page, swap, leave; and raising its nonce. Refuses: a builder whose right is over. */
#include "cache/memory/slot_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int mci_slot_raise(mci_slot *s, const mci_op_set_raise *r)
{
    if (s->nonce[0] != '\0' && !r->wipe &&
        (strcmp(s->nonce, r->fresh) == 0 || (r->nonce[0] != '\0' && strcmp(r->nonce, s->nonce) != 0)))
        return 0;
    strncpy(s->nonce, r->fresh, sizeof s->nonce - 1);
    mci_slot_give_up(s);
    return r->wipe ? mci_slot_forget_set(s) : 0;
}

int mci_slot_build(mci_slot *s, mci_op_build_begin *g, mci_arena *out, int64_t now_ms)
{
    g->ours = g->provisional = 0;
    g->cursor = (mci_slice){"", 0};
    if (s->nonce[0] == '\0')
        strncpy(s->nonce, g->fresh, sizeof s->nonce - 1);
    memcpy(g->nonce, s->nonce, sizeof g->nonce);
    if (s->builder[0] != '\0' && strcmp(s->builder, g->token) != 0 && s->held_until_ms > now_ms)
        return 0;
    if (s->fresh == NULL) {
        s->fresh = mci_ranked_new(s->seed);
        if (s->fresh == NULL)
            return -1;
        s->begun_ms = now_ms;
        /* What is being written now is not settled by what this build reads. */
        for (mci_map_item *i = mci_map_next(&s->records, NULL); i != NULL; i = mci_map_next(&s->records, i)) {
            mci_record *r = mci_record_find(s, ((mci_record *)i)->id, now_ms);
            const mci_ranked_member *m = mci_ranked_find(s->pending, r->id);
            if (m != NULL && mci_ranked_score(m) < 0 && r->nwriters > 0)
                (void)mci_ranked_put(s->pending, r->id, -(double)now_ms);
        }
    }
    if (s->cursor != NULL) {
        size_t n = strlen(s->cursor);
        g->cursor = (mci_slice){mci_arena_text(out, s->cursor, n), n};
        if (g->cursor.p == NULL)
            return -1;
    }
    strncpy(s->builder, g->token, sizeof s->builder - 1);
    s->held_until_ms = now_ms + g->hold_ms;
    g->ours = 1;
    return 0;
}

static int is_builder(const mci_slot *s, const char *token, const char *nonce)
{
    return s->fresh != NULL && strcmp(s->nonce, nonce) == 0 && s->builder[0] != '\0' && strcmp(s->builder, token) == 0;
}

/* Is the page before this one in? Or this one, which comes once more? */
static int follows(const mci_slot *s, const mci_op_build_page *p)
{
    const char *kept = s->cursor != NULL ? s->cursor : "";
    return strcmp(kept, p->after != NULL ? p->after : "") == 0 ||
           (p->cursor != NULL && p->cursor[0] != '\0' && strcmp(kept, p->cursor) == 0);
}

int mci_slot_page(mci_slot *s, mci_op_build_page *p, int64_t now_ms)
{
    p->added = 0;
    if (!is_builder(s, p->token, p->nonce) || !follows(s, p))
        return 0;
    for (size_t i = 0; i < p->n; i++) /* what a writer put there is newer */
        if (mci_ranked_find(s->fresh, p->ids[i]) == NULL &&
            mci_ranked_put(s->fresh, p->ids[i], mci_slot_score(s->kind, &p->places[i])) != 0)
            return -1; /* the page may be added once more */
    if (p->cursor != NULL && p->cursor[0] != '\0') {
        char *cursor = strdup(p->cursor);
        if (cursor == NULL)
            return -1;
        free(s->cursor);
        s->cursor = cursor;
    }
    s->held_until_ms = now_ms + p->hold_ms;
    p->added = 1;
    return 0;
}

/* Repairs pending from before the build are made by what it has read, unless somebody writes; others under way end. */
static void settle_pending(mci_slot *s, int64_t now_ms)
{
    const mci_ranked_member *m = mci_ranked_from(s->pending, -(double)s->begun_ms);
    while (m != NULL && mci_ranked_score(m) < 0) {
        const mci_ranked_member *next = mci_ranked_higher(m);
        mci_record *r = mci_record_find(s, mci_ranked_id(m), now_ms);
        if (mci_ranked_score(m) > -(double)s->begun_ms && (r == NULL || r->nwriters == 0)) {
            if (r != NULL) {
                r->repair[0] = '\0';
                mci_record_tidy(s, r);
            }
            (void)mci_ranked_remove(s->pending, mci_ranked_id(m));
        }
        m = next;
    }
}

int mci_slot_swap(mci_slot *s, mci_op_build_swap *w, int64_t now_ms)
{
    w->swapped = 0;
    if (!is_builder(s, w->token, w->nonce)) {
        mci_slot_leave(s, &(mci_op_build_leave){.token = w->token});
        return 0;
    }
    settle_pending(s, now_ms);
    mci_ranked_remove_range(s->fresh, INFINITY, INFINITY);
    mci_ranked_free(s->set);
    s->set = s->fresh;
    s->fresh = NULL;
    s->until_ms = now_ms + w->ttl_ms;
    memcpy(s->complete, s->nonce, sizeof s->complete);
    mci_slot_end_build(s);
    w->swapped = 1;
    return 0;
}

void mci_slot_leave(mci_slot *s, const mci_op_build_leave *l)
{
    if (s->builder[0] != '\0' && strcmp(s->builder, l->token) == 0) {
        s->builder[0] = '\0';
        s->held_until_ms = 0;
    }
}
