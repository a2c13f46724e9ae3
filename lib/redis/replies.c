/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: handing replies to the commands of a batch. Refuses: a reply above a limit, by an error reply in its place. No I/O. */
#include "redis/replies.h"

#define SLOW_BYTES ((size_t)1 << 20) /* a text above this that does not come in time is too large for its connection */

/* The reply under way is too large, and those behind it cannot be had without it. 0, or -1 when memory is short. */
static int refuse_rest(mci_replies *r, mci_batch *b, mci_reply *first)
{
    mci_reply *rest = r->next + 1 < b->n ? mci_reply_refused(&b->arena, 0) : NULL;
    if (first == NULL || (rest == NULL && r->next + 1 < b->n))
        return -1;
    b->cmds[r->next].reply = first;
    for (size_t i = r->next + 1; i < b->n; i++)
        b->cmds[i].reply = rest;
    r->next = b->n;
    return 0;
}

static mci_taken no_memory(mc_status *st, mc_error *err)
{
    *st = mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a reply of Redis");
    return MCI_TAKEN_FAILED;
}

mci_taken mci_replies_take(mci_replies *r, mci_batch *b, mci_decoder *d, mc_status *st, mc_error *err)
{
    const char *why = "";
    mci_decoder_arena(d, &b->arena);
    while (r->next < b->n) {
        mci_reply *reply = NULL;
        int rc = mci_decoder_take(d, &reply, &why);
        if (rc == -3)
            return no_memory(st, err);
        if (rc == -2) {
            /* No single text was too large. Was it this reply by itself (half: the arena holds more than texts), or those before it? */
            size_t own = b->arena.total - r->begun;
            if (reply->len == 0 && own > MCI_TEXT_MAX)
                reply->len = own / 2;
            return refuse_rest(r, b, reply) == 0 ? MCI_TAKEN_SPENT : no_memory(st, err);
        }
        if (rc < 0) {
            *st = mci_fail(err, MC_E_PROTO, MC_TIER_REDIS,
                           "Redis sent something that is not a reply (%s); the connection was closed", why);
            return MCI_TAKEN_FAILED;
        }
        if (rc == 0)
            return MCI_TAKEN_MORE;
        b->cmds[r->next++].reply = reply;
        r->begun = b->arena.total;
    }
    return MCI_TAKEN_ALL;
}

int mci_replies_late(mci_replies *r, mci_batch *b, mci_decoder *d)
{
    size_t size = mci_decoder_awaits(d);
    return size > SLOW_BYTES && refuse_rest(r, b, mci_reply_refused(&b->arena, size)) == 0;
}
