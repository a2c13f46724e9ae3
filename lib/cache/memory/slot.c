/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: what writers and repairs do to a derived set: announce, settle, tell, lease, repair, and who is written down for it. Builds are in
 * slot_build.c. Refuses: believing a set of which something could not be written down.
 */
#include "cache/memory/slot.h"

#include "base/sphere.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAT_MAX 85.05112878
#define WRITERS_MAX 1000 /* of one id at a time */

int mci_slot_init(mci_slot *s, mci_set_kind kind, uint64_t seed)
{
    *s = (mci_slot){.kind = kind, .seed = seed};
    mci_map_init(&s->records, seed);
    s->set = mci_ranked_new(seed);
    s->pending = mci_ranked_new(seed);
    if (s->set != NULL && s->pending != NULL)
        return 0;
    mci_slot_free(s);
    return -1;
}

static void free_record(mci_slot *s, mci_record *r)
{
    mci_map_remove(&s->records, &r->item);
    s->record_bytes -= sizeof *r + r->item.len + 1 + r->nwriters * sizeof *r->writers;
    free(r->writers);
    free(r);
}

void mci_slot_free(mci_slot *s)
{
    mci_map_item *i;
    while ((i = mci_map_next(&s->records, NULL)) != NULL)
        free_record(s, (mci_record *)i);
    mci_map_free(&s->records);
    mci_slot_end_build(s);
    mci_ranked_free(s->set);
    mci_ranked_free(s->pending);
    s->set = s->pending = NULL;
}

size_t mci_slot_bytes(const mci_slot *s)
{
    return mci_ranked_bytes(s->set) + mci_ranked_bytes(s->pending) + s->record_bytes +
           (s->fresh != NULL ? mci_ranked_bytes(s->fresh) : 0);
}

size_t mci_slot_least_bytes(const mci_slot *s)
{
    return mci_ranked_bytes(s->pending) + s->record_bytes + (s->kind == MCI_SET_COUNTER ? mci_ranked_bytes(s->set) : 0);
}

void mci_slot_end_build(mci_slot *s)
{
    mci_ranked_free(s->fresh);
    free(s->cursor);
    s->fresh = NULL;
    s->cursor = NULL;
    s->begun_ms = 0;
    s->held_until_ms = 0;
    s->builder[0] = '\0';
}

/* Freed at once: what is left of it would only take up room. */
int mci_slot_forget_set(mci_slot *s)
{
    mci_ranked *empty = mci_ranked_new(s->seed);
    s->complete[0] = '\0';
    if (empty == NULL)
        return -1;
    mci_ranked_free(s->set);
    s->set = empty;
    return 0;
}

void mci_slot_shrink(mci_slot *s)
{
    mci_slot_give_up(s);
    (void)mci_slot_forget_set(s);
}

int mci_slot_is_complete(const mci_slot *s, int64_t now_ms)
{
    return s->complete[0] != '\0' && strcmp(s->complete, s->nonce) == 0 && now_ms < s->until_ms;
}

/* ---- records ------------------------------------------------------------------------------------------------------ */

mci_record *mci_record_find(mci_slot *s, const char *id, int64_t now_ms)
{
    mci_record *r = (mci_record *)mci_map_find(&s->records, id, strlen(id));
    for (size_t i = r != NULL ? r->nwriters : 0; i-- > 0;)
        if (r->writers[i].until_ms <= now_ms)
            mci_record_remove(s, r, &r->writers[i]);
    return r;
}

mci_record *mci_record_make(mci_slot *s, const char *id, int64_t now_ms)
{
    mci_record *r = mci_record_find(s, id, now_ms);
    if (r != NULL)
        return r;
    size_t len = strlen(id);
    r = calloc(1, sizeof *r + len + 1);
    if (r == NULL)
        return NULL;
    memcpy(r->id, id, len + 1);
    mci_map_add(&s->records, &r->item, r->id, len);
    s->record_bytes += sizeof *r + len + 1;
    return r;
}

mci_writer *mci_record_writer(mci_record *r, const char *token)
{
    for (size_t i = 0; r != NULL && i < r->nwriters; i++)
        if (strcmp(r->writers[i].token, token) == 0)
            return &r->writers[i];
    return NULL;
}

int mci_record_add(mci_slot *s, mci_record *r, const char *token, int64_t until_ms)
{
    mci_writer *w = r->nwriters < WRITERS_MAX ? realloc(r->writers, (r->nwriters + 1) * sizeof *w) : NULL;
    if (w == NULL)
        return -1;
    r->writers = w;
    strncpy(w[r->nwriters].token, token, MCI_TOKEN_SIZE - 1);
    w[r->nwriters].token[MCI_TOKEN_SIZE - 1] = '\0';
    w[r->nwriters++].until_ms = until_ms;
    s->record_bytes += sizeof *w;
    return 0;
}

void mci_record_remove(mci_slot *s, mci_record *r, mci_writer *w)
{
    *w = r->writers[--r->nwriters];
    s->record_bytes -= sizeof *w;
}

void mci_record_tidy(mci_slot *s, mci_record *r)
{
    if (r != NULL && r->nwriters == 0 && r->repair[0] == '\0')
        free_record(s, r);
}

/* ---- what every step needs ---------------------------------------------------------------------------------------- */

static void begin_with(mci_slot *s, const char *fresh)
{
    if (s->nonce[0] == '\0')
        strncpy(s->nonce, fresh, sizeof s->nonce - 1);
}

void mci_slot_give_up(mci_slot *s)
{
    s->complete[0] = '\0';
    mci_slot_end_build(s);
}

double mci_slot_score(mci_set_kind kind, const mci_place *p)
{
    double low = 0;
    double high = 0;
    if (kind != MCI_SET_GEO)
        return p->x;
    double cells = (double)(INT64_C(1) << MCI_SPHERE_STEPS);
    mci_sphere_cell c = {.i = (int64_t)((p->y + LAT_MAX) / (2 * LAT_MAX) * cells),
                         .j = (int64_t)((p->x + 180.0) / 360.0 * cells),
                         .step = MCI_SPHERE_STEPS};
    mci_sphere_scores(&c, &low, &high);
    return low;
}

int mci_slot_apply(mci_slot *s, const char *id, const mci_place *p)
{
    double score = p->there ? mci_slot_score(s->kind, p) : 0;
    int failed = 0;
    if (strcmp(s->complete, s->nonce) == 0) {
        if (p->there)
            failed = mci_ranked_put(s->set, id, score);
        else
            (void)mci_ranked_remove(s->set, id);
    }
    if (s->fresh != NULL)
        failed |= mci_ranked_put(s->fresh, id, p->there ? score : INFINITY);
    return failed;
}

int mci_slot_due_at_once(mci_slot *s, const char *id, int64_t now_ms)
{
    mci_record *r = mci_record_find(s, id, now_ms);
    if (r != NULL) {
        r->sole[0] = r->repair[0] = '\0';
        mci_record_tidy(s, r);
    }
    if (mci_ranked_put(s->pending, id, -(double)now_ms) == 0)
        return 0;
    mci_slot_give_up(s);
    return -1;
}

static int due_ms(const mci_slot *s, const char *id, double *when)
{
    const mci_ranked_member *m = mci_ranked_find(s->pending, id);
    *when = m != NULL ? mci_ranked_score(m) : 0;
    return m != NULL;
}

/* ---- writers ------------------------------------------------------------------------------------------------------ */

int mci_slot_announce(mci_slot *s, mci_op_set_announce *a, int64_t now_ms, int64_t soft_ms)
{
    double when = 0;
    double soon = (double)(now_ms + soft_ms);
    begin_with(s, a->fresh);
    a->now_ms = now_ms;
    memcpy(a->nonce, s->nonce, sizeof a->nonce);
    mci_record *r = mci_record_make(s, a->id, now_ms);
    if (r == NULL)
        return -1;
    mci_writer *again = mci_record_writer(r, a->token);
    if (again != NULL) { /* repeated, it only lasts longer */
        if (again->until_ms < now_ms + a->span_ms)
            again->until_ms = now_ms + a->span_ms;
        return 0;
    }
    int alone = r->nwriters == 0;
    int there = due_ms(s, a->id, &when);
    double next = !there ? soon : when <= (double)now_ms ? -(double)now_ms : fmin(when, soon);
    if (mci_record_add(s, r, a->token, now_ms + a->span_ms) != 0) {
        mci_record_tidy(s, r);
        return -1;
    }
    if (mci_ranked_put(s->pending, a->id, next) != 0) {
        mci_record_remove(s, r, &r->writers[r->nwriters - 1]);
        mci_record_tidy(s, r);
        return -1;
    }
    memcpy(r->sole, alone ? r->writers[0].token : "", alone ? MCI_TOKEN_SIZE : 1);
    r->repair[0] = '\0'; /* what a repair under way has read may be older than this write */
    return 0;
}

int mci_slot_settle(mci_slot *s, mci_op_set_settle *t, int64_t now_ms, int64_t quarantine_ms)
{
    double when = 0;
    begin_with(s, t->fresh);
    mci_record *r = mci_record_find(s, t->id, now_ms);
    mci_writer *w = mci_record_writer(r, t->token);
    int had = w != NULL && strcmp(s->nonce, t->nonce) == 0 && now_ms < t->announced_ms + quarantine_ms;
    if (w != NULL)
        mci_record_remove(s, r, w);
    t->others = r != NULL ? (int)r->nwriters : 0;
    t->settled = had && strcmp(r->sole, t->token) == 0;
    if (!t->settled)
        return mci_slot_due_at_once(s, t->id, now_ms);
    r->repair[0] = '\0';
    mci_record_tidy(s, r);
    if (t->carried_out) {
        if (mci_slot_apply(s, t->id, &t->place) != 0) {
            t->settled = 0;
            return mci_slot_due_at_once(s, t->id, now_ms);
        }
        (void)mci_ranked_remove(s->pending, t->id);
    } else if (due_ms(s, t->id, &when) && when >= 0) { /* nothing was changed: the entry is ours, unless it was due before */
        (void)mci_ranked_remove(s->pending, t->id);
    }
    return 0;
}

int mci_slot_tell(mci_slot *s, const mci_op_set_tell *t, int64_t now_ms)
{
    int failed = 0;
    begin_with(s, t->fresh);
    for (size_t i = 0; i < t->n; i++)
        failed |= mci_slot_due_at_once(s, t->ids[i], now_ms);
    return failed;
}

/* ---- repairs ------------------------------------------------------------------------------------------------------ */

/* 1: granted; 0: not due, or another's; -1: memory is short. */
static int lease_one(mci_slot *s, const char *id, const char *token, int64_t now_ms, int64_t soft_ms)
{
    double when = 0;
    if (s->nonce[0] == '\0' || !due_ms(s, id, &when) || when > (double)now_ms)
        return 0;
    mci_record *r = mci_record_make(s, id, now_ms);
    if (r == NULL)
        return -1;
    if (r->repair[0] != '\0' && strcmp(r->repair, token) != 0 && now_ms < r->taken_ms + soft_ms)
        return 0;
    memset(r->repair, 0, sizeof r->repair);
    memcpy(r->repair, token, strnlen(token, sizeof r->repair - 1));
    r->taken_ms = now_ms;
    r->quiet = r->nwriters == 0;
    return 1;
}

int mci_slot_lease(mci_slot *s, mci_op_set_lease *l, int64_t now_ms, int64_t soft_ms)
{
    memcpy(l->nonce, s->nonce, sizeof l->nonce);
    for (size_t i = 0; i < l->n; i++) {
        int granted = lease_one(s, l->ids[i], l->token, now_ms, soft_ms);
        l->granted[i] = granted > 0;
        if (granted < 0)
            return -1;
    }
    return 0;
}

int mci_slot_repair(mci_slot *s, mci_op_set_repair *p, int64_t now_ms, int64_t soft_ms)
{
    for (size_t i = 0; i < p->n; i++) {
        const char *id = p->ids[i];
        p->done[i] = 0;
        mci_record *r = strcmp(s->nonce, p->nonce) == 0 ? mci_record_find(s, id, now_ms) : NULL;
        if (r == NULL || r->repair[0] == '\0' || strcmp(r->repair, p->token) != 0)
            continue;
        if (mci_slot_apply(s, id, &p->places[i]) != 0)
            return mci_slot_due_at_once(s, id, now_ms);
        r->repair[0] = '\0';
        int last_word = r->quiet && r->nwriters == 0;
        int64_t next = r->taken_ms + soft_ms; /* who wrote when it was taken may not have been in what was read */
        mci_record_tidy(s, r);
        if (last_word)
            (void)mci_ranked_remove(s->pending, id);
        else if (mci_ranked_put(s->pending, id, (double)next) != 0)
            return mci_slot_due_at_once(s, id, now_ms);
        p->done[i] = 1;
    }
    return 0;
}
