/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: leases, single flight and waiting. Refuses: joining a load that may be older than what was acknowledged before the read began. */
#include "engine/lease.h"

#include "base/syncpoint.h"
#include "engine/freshness.h"
#include "engine/source.h"

#define WAIT_FIRST_MS 1
#define WAIT_LONGEST_MS 20
#define MAX_TOO_BIG 20 /* values of one call that are more than one reply may hold take several rounds */

void mci_lease_init(mci_lease *l, const mci_family *family, const char *id)
{
    *l = (mci_lease){.family = family, .id = id, .patient = 1};
    mci_buf_init(&l->rejected, MCI_ENTRY_MAX);
}

void mci_lease_free(mci_lease *l)
{
    mci_buf_free(&l->rejected);
}

void mci_lease_reject(mci_lease *l, const mci_found *found)
{
    mci_buf_reset(&l->rejected);
    if (found->name.p != NULL)
        mci_buf_add(&l->rejected, found->name.p, found->name.n);
}

int mci_lease_share(mci_call *c, mci_lease *l)
{
    if (l->has_shared || c->began_ns == 0)
        return 0;
    int64_t after = c->began_ns > l->not_before_ns ? c->began_ns : l->not_before_ns;
    if (!MCI_SAFEGUARD(MCI_SAFEGUARD_SHARE))
        after = 0;
    l->joined = mci_flight_share(&c->e->flights, l->family, l->id, after);
    if (l->joined == NULL)
        return 0;
    l->has_shared = 1;
    l->epoch = MCI_ANY_EPOCH;
    return 1;
}

void mci_lease_ask(mci_call *c, mci_lease *l, mci_ops *ops, mci_want want)
{
    mci_random_token(&c->e->rnd, l->token);
    /* Known before the lease is given: whoever gets our token finds the load. */
    l->own = mci_flight_begin(&c->e->flights, l->token, l->family, l->id);
    mci_op *op = mci_ops_add(ops, l->family != NULL ? MCI_OP_VALUE_ACQUIRE : MCI_OP_STRING_ACQUIRE);
    op->u.acquire.family = l->family;
    op->u.acquire.id = l->id;
    op->u.acquire.want = want;
    op->u.acquire.token = l->token;
    op->u.acquire.lease_ms = mci_lease_ms(c->e, l->family != NULL ? mci_source_deadline(c) : c->dl);
    op->u.acquire.alone = l->alone;
    op->u.acquire.rejected = (mci_slice){l->rejected.data, l->rejected.len};
}

void mci_lease_lost(mci_call *c, mci_lease *l)
{
    mci_lease_land(c, l, MC_E_CACHE, NULL); /* nobody can use it: the lease was never given */
}

/* Another holds the lease: a thread of ours can be joined, another process is waited for a while. */
static mci_lease_next take_other(mci_call *c, mci_lease *l, mci_slice holder)
{
    if (holder.p != NULL)
        l->joined = mci_flight_join(&c->e->flights, holder.p, holder.n, l->family, l->id, l->epoch, l->not_before_ns);
    if (l->joined != NULL)
        return MCI_LEASE_JOIN;
    if (!l->patient)
        return MCI_LEASE_LOAD;
    int64_t now = mci_now_ns();
    if (l->waiting_since_ns == 0) {
        l->waiting_since_ns = now;
        mci_count(c->e->metrics, MCI_C_LEASE_WAITS);
    }
    int64_t patience_ns = c->e->set.read_lease_ms * 1000000 / 4;
    int64_t left_ns = c->dl == MCI_NO_DEADLINE ? patience_ns : (c->dl - now) / 2;
    return now - l->waiting_since_ns > patience_ns || left_ns <= 0 ? MCI_LEASE_LOAD : MCI_LEASE_WAIT;
}

mci_lease_next mci_lease_take(mci_call *c, mci_lease *l, const mci_ops *ops, const mci_op *op)
{
    const mci_op_acquire *a = &op->u.acquire;
    int understood = op->status == MC_OK && (l->family == NULL || ops->epoch_status == MC_OK);
    l->quarantined = 0;
    l->alone |= understood && a->acquired == MCI_ACQUIRED_NOTHING;
    if (understood && a->acquired == MCI_ACQUIRED_LEASE) {
        l->epoch = l->family != NULL ? op->epoch : 0; /* strings have none */
        l->now_ms = mci_clock_at(c->e, a->now_ms);
        mci_flight_leased(&c->e->flights, l->own, l->epoch);
        return MCI_LEASE_OWN;
    }
    l->epoch = understood && l->family != NULL ? op->epoch : 0;
    int other = understood && a->acquired == MCI_ACQUIRED_OTHER;
    mci_lease_next next = other ? take_other(c, l, a->holder)
                                : MCI_LEASE_FOUND; /* while we count as one who asks: the load may have ended by now */
    mci_lease_lost(c, l);
    if (other)
        return next;
    if (!understood || (a->found.state == MCI_FOUND_TOO_BIG && l->too_big++ == MAX_TOO_BIG)) {
        (void)mci_op_error(op, c->err);
        return MCI_LEASE_FAILED;
    }
    l->quarantined = a->acquired == MCI_ACQUIRED_WRITER;
    return l->quarantined ? MCI_LEASE_LOAD : MCI_LEASE_FOUND;
}

int mci_lease_join(mci_call *c, mci_lease *l, mc_status *status, mci_doc **doc)
{
    *status = MC_E_TIMEOUT;
    *doc = NULL;
    int rc = mci_flight_wait(&c->e->flights, l->joined, l->epoch, c->dl, status, doc);
    l->joined = NULL;
    return rc;
}

int64_t mci_lease_pause_ms(mci_lease *l)
{
    l->wait_ms = l->wait_ms == 0 ? WAIT_FIRST_MS : l->wait_ms * 2 < WAIT_LONGEST_MS ? l->wait_ms * 2 : WAIT_LONGEST_MS;
    return l->wait_ms;
}

void mci_lease_land(mci_call *c, mci_lease *l, mc_status status, mci_doc *doc)
{
    mci_flight_land(&c->e->flights, l->own, status, doc);
    l->own = NULL;
}
