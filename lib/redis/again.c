/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: sorting redirected commands by server and bringing their replies back. Refuses: deciding who is asked. */
#include "redis/again.h"

#include <stdlib.h>

static mci_batch *batch_for(mci_again *a, mci_redis *r, size_t *at)
{
    for (*at = 0; *at < a->n; ++*at)
        if (a->part[*at].redis == r)
            return &a->batch[*at];
    if (r == NULL || a->n == sizeof a->part / sizeof a->part[0])
        return NULL;
    mci_batch_init(&a->batch[a->n]);
    a->part[a->n] = (mci_redis_part){.redis = r, .batch = &a->batch[a->n]};
    return &a->batch[a->n++];
}

void mci_again_add(mci_again *a, mci_redis *r, mci_batch *from, size_t i, size_t end, int asking)
{
    size_t at = 0;
    mci_batch *b = batch_for(a, r, &at);
    if (b == NULL)
        return; /* its error stays its answer */
    if (a->nunits == a->cap) {
        size_t cap = a->cap == 0 ? 32 : a->cap * 2;
        void *more = realloc(a->unit, cap * sizeof *a->unit);
        if (more == NULL)
            return;
        a->unit = more;
        a->cap = cap;
    }
    a->unit[a->nunits].to = from;
    a->unit[a->nunits].i = i;
    a->unit[a->nunits].end = end;
    a->unit[a->nunits].part = at;
    a->unit[a->nunits++].first = b->n + (asking ? 1 : 0);
    b->once |= from->once;
    mci_redirect_pack(b, from, i, end, asking);
}

mci_redirect_kind mci_again_worst(const mci_redis_part *part, size_t n)
{
    mci_redirect_kind worst = MCI_REDIRECT_NONE;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; part[i].status == MC_OK && k < part[i].batch->n; k++) {
            mci_redirect r = mci_redirect_of(part[i].batch->cmds[k].reply);
            worst = r.kind > worst ? r.kind : worst;
        }
    return worst;
}

/* Were all commands of the batch redirected, to one server? */
static int went_together(const mci_again *a, const mci_batch *b)
{
    size_t commands = 0;
    size_t part = SIZE_MAX;
    for (size_t k = 0; k < a->nunits; k++) {
        if (a->unit[k].to != b)
            continue;
        if (part != SIZE_MAX && part != a->unit[k].part)
            return 0;
        part = a->unit[k].part;
        commands += a->unit[k].end - a->unit[k].i;
    }
    return commands == b->n;
}

void mci_again_take(mci_again *a)
{
    for (size_t k = 0; k < a->nunits; k++) {
        const mci_batch *from = &a->batch[a->unit[k].part];
        mci_batch *to = a->unit[k].to;
        if (a->part[a->unit[k].part].status != MC_OK)
            continue;
        for (size_t i = a->unit[k].i; i < a->unit[k].end; i++)
            to->cmds[i].reply = from->cmds[a->unit[k].first + i - a->unit[k].i].reply;
        if (a->unit[k].i == 0 && went_together(a, to)) /* asked once for each batch */
            to->term = from->term;
        else if (to->term.tag != from->term.tag) /* of several servers: who needs to know whose they are asks again */
            to->term = (mci_term){0};
    }
}

void mci_again_free(mci_again *a, mci_redis_part *first)
{
    for (size_t i = 0; i < a->n; i++) {
        first->batch->round_trips += a->batch[i].round_trips;
        mci_arena_adopt(&first->batch->arena, &a->batch[i].arena); /* all parts live as long as each other */
        mci_batch_free(&a->batch[i]);
    }
    free(a->unit);
}
