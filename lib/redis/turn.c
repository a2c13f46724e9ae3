/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the order of the turns on a line, and telling an owner that its turn has ended. Refuses: I/O. */
#include "redis/turn.h"

#include <stdlib.h>

mci_turn *mci_turn_new(mci_batch *b, int owned, mc_error *err)
{
    mci_turn *p = malloc(sizeof *p);
    if (p == NULL || mci_event_init(&p->told) != 0) {
        free(p);
        return NULL;
    }
    p->next = NULL;
    p->b = *b;
    p->replies = (mci_replies){0};
    p->written = 0;
    p->state = MCI_TURN_WAITS;
    p->owned = owned;
    p->awaited = 0;
    p->asks = 0;
    p->leads = 0;
    p->status = MC_OK;
    p->outcome = (mci_outcome){0};
    p->err = err;
    p->posted = NULL;
    mci_batch_init(b);
    return p;
}

void mci_turn_free(mci_turn *p)
{
    mci_event_destroy(&p->told);
    free(p);
}

void mci_line_append(mci_line *l, mci_turn *p)
{
    if (l->last != NULL)
        l->last->next = p;
    else
        l->first = p;
    l->last = p;
    if (l->unsent == NULL)
        l->unsent = p;
}

void mci_line_remove(mci_line *l, mci_turn *p)
{
    mci_turn *before = NULL;
    for (mci_turn *q = l->first; q != p; q = q->next)
        before = q;
    if (before != NULL)
        before->next = p->next;
    else
        l->first = p->next;
    if (l->last == p)
        l->last = before;
    if (l->unsent == p)
        l->unsent = p->next;
}

void mci_turn_end(mci_turn *p, mc_status st, const mci_turn *me, mci_turn **ended)
{
    p->state = MCI_TURN_DONE;
    p->status = st;
    if (p == me)
        return;
    p->next = *ended;
    *ended = p;
}

void mci_turn_settle(mci_mutex *lock, mci_turn **ended)
{
    mci_turn *list = *ended;
    *ended = NULL;
    if (list == NULL)
        return;
    mci_mutex_unlock(lock);
    while (list != NULL) {
        mci_turn *p = list;
        list = p->next;
        if (p->owned) {
            mci_event_tell(&p->told, MCI_TOLD_DONE); /* from here on it is its owner's */
            continue;
        }
        if (p->posted != NULL)
            p->posted(p->ctx, &p->b);
        mci_batch_free(&p->b);
        mci_turn_free(p);
    }
    mci_mutex_lock(lock);
}
