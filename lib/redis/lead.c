/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the leader's work on a shared connection: opening it, writing what waits, handing out replies in order, ending it. Refuses: a reply for
 * somebody else.
 */
#include "redis/lead.h"

#include "redis/term.h"

#include <errno.h>

#define PIECES 64              /* batches in one write */
#define FAR_NS INT64_C(150000) /* a server whose fastest answer takes longer is not on this machine */
#define SAMPLES 64             /* answers until that is decided anew */

/* ---- the end of a connection -------------------------------------------------------------------------------------- */

static void close_conn(mci_shared *s)
{
    mci_conn_shut(s->conn); /* a newcomer may be writing */
    while (s->writing)
        (void)mci_cond_wait(&s->quiet, &s->lock, MCI_NO_DEADLINE);
    mci_conn_close(s->conn);
    s->conn = NULL;
    s->answers = 0;
    s->hooks->closed(s->hooks->ctx);
}

/* Has a byte of its replies come? Only the first turn's can be under way. */
static int has_begun(const mci_shared *s, const mci_turn *p)
{
    return p->replies.next > 0 || (p == s->line.first && (p->b.arena.total > 0 || mci_decoder_left(s->conn->decoder) > 0));
}

static mc_status tell_fault(mci_turn *p, mci_fault what, int code)
{
    mc_error *err = p->owned ? p->err : NULL;
    if (what == MCI_FAULT_SILENCE)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS,
                        "Redis did not answer within the deadline; the connection was closed");
    if (what == MCI_FAULT_END)
        return mci_fail_code(err, MC_E_CACHE, MC_TIER_REDIS, code, "Redis closed the connection");
    return mci_fail(err, MC_E_CACHE, MC_TIER_REDIS, "the connection to Redis was closed because of a reply to another call");
}

void mci_lead_break(mci_shared *s, const mci_turn *me, mci_fault what, int code, mc_status st, const mc_error *why,
                    mci_turn **ended)
{
    mci_turn *culprit = what == MCI_FAULT_REPLY ? s->line.first : NULL;
    for (mci_turn *p = s->line.first; p != NULL && p->state == MCI_TURN_SENT; p = p->next)
        p->outcome.lost =
            what == MCI_FAULT_END ? p->used_before && !has_begun(s, p) : what != MCI_FAULT_SILENCE && p != culprit;
    close_conn(s);
    while (s->line.first != NULL && s->line.first->state == MCI_TURN_SENT) {
        mci_turn *p = s->line.first;
        mci_line_remove(&s->line, p);
        if (p == culprit && p->owned && p->err != NULL)
            *p->err = *why;
        mci_turn_end(p, p == culprit ? st : tell_fault(p, what, code), me, ended);
    }
    s->line.unsent = s->line.first;
}

/* ---- the leader's work -------------------------------------------------------------------------------------------- */

void mci_lead_connect(mci_shared *s, mci_turn *me, mci_deadline dl, mci_turn **ended)
{
    mci_conn *conn = NULL;
    mc_error why = {0};
    mci_mutex_unlock(&s->lock);
    mc_status st = s->hooks->open(s->hooks->ctx, dl, &conn, &why);
    int64_t now = mci_now_ns();
    mci_mutex_lock(&s->lock);
    if (st == MC_OK) {
        s->conn = conn;
        s->heard_ns = now;
        s->asked_ns = conn->term.asked_ns;
        s->nearest_ns = INT64_MAX;
        s->measured = 0;
        s->far = 0;
        return;
    }
    /* All who wait here would hear the same, unless it was the leader's deadline alone that was too short. */
    int only_mine = st == MC_E_TIMEOUT && dl - now <= 0;
    me->outcome.connecting = 1;
    for (mci_turn *p = s->line.first, *next = NULL; p != NULL; p = next) {
        next = p->next;
        if (only_mine && p != me)
            continue;
        mci_line_remove(&s->line, p);
        if (p->owned && p->err != NULL)
            *p->err = why;
        mci_turn_end(p, st, me, ended);
    }
}

static int gather(mci_shared *s, struct iovec *pieces)
{
    int n = 0;
    int64_t now = mci_now_ns();
    for (mci_turn *p = s->line.unsent; p != NULL && n < PIECES; p = p->next) {
        if (p->state == MCI_TURN_WAITS) {
            p->state = MCI_TURN_SENT;
            p->sent_ns = now;
            p->used_before = s->answers;
            p->b.sent = 1;
        }
        pieces[n++] = (struct iovec){.iov_base = p->b.out.data + p->written, .iov_len = p->b.out.len - p->written};
    }
    return n;
}

/* Write what waits. An errno, or 0; what did not go out by the deadline is the next writer's. */
int mci_lead_write(mci_shared *s, mci_deadline dl)
{
    struct iovec pieces[PIECES];
    size_t done = 0;
    int n = gather(s, pieces);
    s->writing = 1;
    mci_mutex_unlock(&s->lock);
    int code = mci_conn_send(s->conn, pieces, n, dl, &done);
    mci_mutex_lock(&s->lock);
    s->writing = 0;
    mci_cond_signal(&s->quiet);
    while (s->line.unsent != NULL && s->line.unsent->state == MCI_TURN_SENT) {
        mci_turn *p = s->line.unsent;
        size_t left = p->b.out.len - p->written;
        if (done < left) {
            p->written += done;
            break;
        }
        p->written += left;
        done -= left;
        s->line.unsent = p->next;
    }
    return code == ETIMEDOUT ? 0 : code;
}

static void measure(mci_shared *s, const mci_turn *p)
{
    int64_t took = s->heard_ns - p->sent_ns;
    if (took < s->nearest_ns)
        s->nearest_ns = took;
    if (++s->measured < SAMPLES)
        return;
    s->far = s->nearest_ns > FAR_NS;
    s->nearest_ns = INT64_MAX;
    s->measured = 0;
}

/* How many turns are written whole: their replies may come. */
static size_t awaiting(const mci_shared *s)
{
    size_t n = 0;
    for (const mci_turn *p = s->line.first; p != s->line.unsent; p = p->next)
        n++;
    return n;
}

/* Hand out the replies that the decoder has. The lock is let go while they are decoded: nobody else takes turns off the line. */
static void take(mci_shared *s, const mci_turn *me, mci_turn **ended)
{
    for (;;) {
        while (s->writing && s->line.unsent == s->line.first) /* a reply to what is still being written */
            (void)mci_cond_wait(&s->quiet, &s->lock, MCI_NO_DEADLINE);
        size_t n = awaiting(s);
        size_t done = 0;
        mci_taken taken = MCI_TAKEN_ALL;
        mc_status st = MC_OK;
        mc_error why = {0};
        mci_turn *p = s->line.first;
        mci_mutex_unlock(&s->lock);
        while (done < n && taken == MCI_TAKEN_ALL) {
            taken = mci_replies_take(&p->replies, &p->b, s->conn->decoder, &st, &why);
            if (taken == MCI_TAKEN_ALL && ++done < n)
                p = p->next;
        }
        mci_mutex_lock(&s->lock);
        done += taken == MCI_TAKEN_SPENT;
        for (size_t i = 0; i < done; i++) {
            p = s->line.first;
            if (i == 0)
                measure(s, p);
            mci_line_remove(&s->line, p);
            if (p->asks)
                s->conn->term = mci_term_of(mci_batch_reply(&p->b, 0), p->sent_ns);
            p->b.term = s->conn->term;
            p->b.generation = s->conn->generation;
            p->b.round_trips++;
            mci_turn_end(p, MC_OK, me, ended);
        }
        s->answers |= done > 0;
        if (taken == MCI_TAKEN_SPENT) {
            s->hooks->log_spent(s->hooks->ctx);
            mci_lead_break(s, me, MCI_FAULT_SPENT, 0, MC_OK, NULL, ended);
        } else if (taken == MCI_TAKEN_FAILED) {
            mci_lead_break(s, me, MCI_FAULT_REPLY, 0, st, &why, ended);
        } else if (taken == MCI_TAKEN_ALL && mci_decoder_left(s->conn->decoder) > 0) {
            if (s->line.first != NULL && s->line.first->state == MCI_TURN_SENT)
                continue; /* sent by a newcomer meanwhile */
            mci_lead_break(s, me, MCI_FAULT_SPENT, 0, MC_OK, NULL, ended);
        }
        return;
    }
}

/* A lone caller may poll instead of sleeping. */
static mci_received receive(mci_shared *s, int wait, mci_deadline dl, int *code)
{
    const mci_shared_hooks *h = s->hooks;
    if (wait && h->spin_ns > 0) {
        int64_t until = mci_now_ns() + h->spin_ns;
        while (atomic_load_explicit(h->callers, memory_order_relaxed) == 1 && mci_now_ns() < until) {
            mci_received got = mci_conn_receive(s->conn, 0, dl, code);
            if (got != MCI_RECEIVED_NOTHING)
                return got;
        }
    }
    return mci_conn_receive(s->conn, wait, dl, code);
}

/* 1 when something came, or the connection has ended. */
int mci_lead_read(mci_shared *s, const mci_turn *me, int wait, mci_deadline dl, mci_turn **ended)
{
    int code = 0;
    mci_mutex_unlock(&s->lock);
    mci_received got = receive(s, wait, dl, &code);
    int64_t now = mci_now_ns();
    mci_mutex_lock(&s->lock);
    if (got == MCI_RECEIVED_NOTHING)
        return 0;
    s->heard_ns = now;
    s->doubted = 0;
    if (got == MCI_RECEIVED_BYTES) {
        take(s, me, ended);
    } else if (got == MCI_RECEIVED_END) {
        mci_lead_break(s, me, MCI_FAULT_END, code, MC_OK, NULL, ended);
    } else {
        mc_error why = {0};
        (void)mci_fail(&why, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a reply of Redis");
        mci_lead_break(s, me, MCI_FAULT_REPLY, 0, MC_E_NOMEM, &why, ended);
    }
    return 1;
}
