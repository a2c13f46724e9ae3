/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: who writes and who reads on a shared connection, and whose each reply is. Refuses: a reply for somebody else.
 */
#include "redis/shared.h"

#include "base/syncpoint.h"

#include <errno.h>

#define PIECES 64              /* batches in one write */
#define FAR_NS INT64_C(150000) /* a server whose fastest answer takes longer is not on this machine */
#define SAMPLES 64             /* answers until that is decided anew */
#define MORE_READS 4           /* of what is there already, by a leader who has its own reply */

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

/* What the leader saw: the end, or something that ends it. */
typedef enum fault {
    FAULT_END,     /* the server closed it */
    FAULT_SILENCE, /* it sends nothing */
    FAULT_REPLY,   /* the reply of the first turn cannot be used: `st` and `why` are that turn's */
    FAULT_SPENT    /* what follows cannot be read */
} fault;

/* Has a byte of its replies come? Only the first turn's can be under way. */
static int has_begun(const mci_shared *s, const mci_turn *p)
{
    return p->replies.next > 0 || (p == s->line.first && (p->b.arena.total > 0 || mci_decoder_left(s->conn->decoder) > 0));
}

static mc_status tell_fault(mci_turn *p, fault what, int code)
{
    mc_error *err = p->owned ? p->err : NULL;
    if (what == FAULT_SILENCE)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS,
                        "Redis did not answer within the deadline; the connection was closed");
    if (what == FAULT_END)
        return mci_fail_code(err, MC_E_CACHE, MC_TIER_REDIS, code, "Redis closed the connection");
    return mci_fail(err, MC_E_CACHE, MC_TIER_REDIS, "the connection to Redis was closed because of a reply to another call");
}

static void break_conn(mci_shared *s, const mci_turn *me, fault what, int code, mc_status st, const mc_error *why,
                       mci_turn **ended)
{
    mci_turn *culprit = what == FAULT_REPLY ? s->line.first : NULL;
    for (mci_turn *p = s->line.first; p != NULL && p->state == MCI_TURN_SENT; p = p->next)
        p->outcome.lost = what == FAULT_END ? p->used_before && !has_begun(s, p) : what != FAULT_SILENCE && p != culprit;
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

static void connect_now(mci_shared *s, mci_turn *me, mci_deadline dl, mci_turn **ended)
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
static int write_out(mci_shared *s, mci_deadline dl)
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
            p->b.round_trips++;
            mci_turn_end(p, MC_OK, me, ended);
        }
        s->answers |= done > 0;
        if (taken == MCI_TAKEN_SPENT) {
            s->hooks->log_spent(s->hooks->ctx);
            break_conn(s, me, FAULT_SPENT, 0, MC_OK, NULL, ended);
        } else if (taken == MCI_TAKEN_FAILED) {
            break_conn(s, me, FAULT_REPLY, 0, st, &why, ended);
        } else if (taken == MCI_TAKEN_ALL && mci_decoder_left(s->conn->decoder) > 0) {
            if (s->line.first != NULL && s->line.first->state == MCI_TURN_SENT)
                continue; /* sent by a newcomer meanwhile */
            break_conn(s, me, FAULT_SPENT, 0, MC_OK, NULL, ended);
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
static int read_some(mci_shared *s, const mci_turn *me, int wait, mci_deadline dl, mci_turn **ended)
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
        break_conn(s, me, FAULT_END, code, MC_OK, NULL, ended);
    } else {
        mc_error why = {0};
        (void)mci_fail(&why, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a reply of Redis");
        break_conn(s, me, FAULT_REPLY, 0, MC_E_NOMEM, &why, ended);
    }
    return 1;
}

/* ---- giving up ---------------------------------------------------------------------------------------------------- */

/* Has the server sent nothing for so long, while a reply was due, that the connection is of no use? (The wait began a little before the sending.) */
static int is_silent(const mci_shared *s)
{
    const mci_turn *p = s->line.first;
    if (s->conn == NULL || p == NULL || p->state != MCI_TURN_SENT)
        return 0;
    int64_t since = p->sent_ns > s->heard_ns ? p->sent_ns : s->heard_ns;
    return mci_now_ns() - since >= s->hooks->timeout_ms * 900000;
}

/* The deadline of `me` has passed. 1: its turn stays on the line without it; 0: it is off the line, and its owner has it. */
static int give_up(mci_shared *s, mci_turn *me, int leading, mci_turn **ended)
{
    if (me->state == MCI_TURN_WAITS) {
        mci_line_remove(&s->line, me);
        mci_turn_end(me,
                     mci_fail(me->err, MC_E_TIMEOUT, MC_TIER_REDIS,
                              "Redis could not be asked within the deadline: others were before"),
                     me, ended);
        return 0;
    }
    if (leading && me == s->line.first && mci_replies_late(&me->replies, &me->b, s->conn->decoder)) {
        s->hooks->log_spent(s->hooks->ctx);
        mci_line_remove(&s->line, me);
        me->b.round_trips++;
        mci_turn_end(me, MC_OK, me, ended);
        break_conn(s, me, FAULT_SPENT, 0, MC_OK, NULL, ended);
        return 0;
    }
    if (is_silent(s) && leading) {
        break_conn(s, me, FAULT_SILENCE, 0, MC_OK, NULL, ended);
        return 0;
    }
    if (is_silent(s))
        mci_conn_shut(s->conn); /* the leader sees it */
    mc_status st = mci_fail(me->err, MC_E_TIMEOUT, MC_TIER_REDIS, "Redis did not answer within the deadline");
    if (!MCI_SAFEGUARD(MCI_SAFEGUARD_PLACE)) {
        mci_line_remove(&s->line, me);
        mci_turn_end(me, st, me, ended);
        return 0;
    }
    me->owned = 0;
    me->err = NULL;
    s->doubted = 1;
    return 1;
}

/* ---- leading ------------------------------------------------------------------------------------------------------ */

/* The lead goes to the first who waits for a reply. */
static void hand_over(mci_shared *s, mci_turn **ended)
{
    mci_turn *p = s->line.first;
    while (p != NULL && !p->owned)
        p = p->next;
    if (p == NULL && s->conn != NULL && s->line.unsent != NULL &&
        !s->writing) { /* posted: it goes out before the lead ends */
        int code = write_out(s, 0);
        if (code != 0)
            break_conn(s, NULL, FAULT_END, code, MC_OK, NULL, ended);
        mci_turn_settle(&s->lock, ended);
        for (p = s->line.first; p != NULL && !p->owned;)
            p = p->next;
    }
    if (p == NULL) {
        s->leading = 0;
        return;
    }
    p->leads = 1;
    mci_event_tell(&p->told, MCI_TOLD_LEAD); /* under the lock: its owner may be giving up */
}

/* With the lock held, as at the end. 1: the turn was left on the line. */
static int lead(mci_shared *s, mci_turn *me, mci_deadline dl)
{
    mci_turn *ended = NULL;
    int left = 0;
    int over = 0;
    while (me->state != MCI_TURN_DONE && !over) {
        if (s->conn == NULL) {
            connect_now(s, me, dl, &ended);
        } else if (s->line.unsent != NULL && !s->writing) {
            int code = write_out(s, dl);
            if (code != 0)
                break_conn(s, me, FAULT_END, code, MC_OK, NULL, &ended);
            over = s->line.unsent != NULL && mci_deadline_left_ms(dl) == 0;
        } else {
            over = !read_some(s, me, 1, dl, &ended) && mci_deadline_left_ms(dl) == 0;
        }
        mci_turn_settle(&s->lock, &ended);
    }
    if (me->state != MCI_TURN_DONE)
        left = give_up(s, me, 1, &ended);
    if (left)
        me = NULL; /* nobody's: whoever comes to its reply frees it, and that may be here */
    for (int i = 0; i < MORE_READS && s->conn != NULL && s->line.first != NULL && s->line.first != s->line.unsent; i++)
        if (!read_some(s, me, 0, 0, &ended))
            break;
    mci_turn_settle(&s->lock, &ended);
    hand_over(s, &ended);
    mci_turn_settle(&s->lock, &ended);
    return left;
}

/* Is it still there? Nobody waits on it now: one that kept the last who waited without an answer is not trusted with the next. */
static void look(mci_shared *s, int check)
{
    mci_turn *ended = NULL;
    while ((check || s->doubted) && s->conn != NULL && read_some(s, NULL, 0, 0, &ended))
        ;
    if (s->doubted && s->conn != NULL)
        break_conn(s, NULL, FAULT_SILENCE, 0, MC_OK, NULL, &ended);
    s->doubted = 0;
    mci_turn_settle(&s->lock, &ended);
}

/* Another leads. The lock is held, and let go. 1: the turn was left on the line. */
static int follow(mci_shared *s, mci_turn *me, mci_deadline dl)
{
    mci_turn *ended = NULL;
    if (s->far && s->conn != NULL && !s->writing && s->line.unsent != NULL && write_out(s, dl) != 0 && s->conn != NULL)
        mci_conn_shut(s->conn); /* the leader sees it */
    mci_mutex_unlock(&s->lock);
    uint32_t told = mci_event_wait(&me->told, dl);
    if (told == MCI_TOLD_DONE)
        return 0;
    mci_mutex_lock(&s->lock);
    int left = 0;
    int done = me->state == MCI_TURN_DONE;
    if (me->leads) {
        me->leads = 0;
        mci_event_reset(&me->told);
        left = lead(s, me, dl);
        done = 0;
    } else if (!done) {
        left = give_up(s, me, 0, &ended);
    }
    mci_mutex_unlock(&s->lock);
    if (done) /* in the last moment; whoever ended it is about to say so */
        (void)mci_event_wait(&me->told, MCI_NO_DEADLINE);
    return left;
}

/* ---- from outside ------------------------------------------------------------------------------------------------- */

int mci_shared_init(mci_shared *s, const mci_shared_hooks *hooks)
{
    *s = (mci_shared){.hooks = hooks};
    if (mci_mutex_init(&s->lock) != 0)
        return -1;
    if (mci_cond_init(&s->quiet) == 0)
        return 0;
    mci_mutex_destroy(&s->lock);
    return -1;
}

mc_status mci_shared_exchange(mci_shared *s, mci_batch *b, int check, mci_deadline dl, mci_outcome *out, mc_error *err)
{
    *out = (mci_outcome){0};
    mci_turn *p = mci_turn_new(b, 1, err);
    if (p == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for an exchange with Redis");
    int left = 0;
    mci_mutex_lock(&s->lock);
    if (s->leading) {
        mci_line_append(&s->line, p);
        left = follow(s, p, dl);
    } else {
        s->leading = 1;
        if (check || s->doubted)
            look(s, check);
        mci_line_append(&s->line, p);
        left = lead(s, p, dl);
        mci_mutex_unlock(&s->lock);
    }
    if (left) {
        b->sent = 1;
        return MC_E_TIMEOUT;
    }
    mc_status st = p->status;
    *b = p->b;
    *out = p->outcome;
    mci_turn_free(p);
    return st;
}

int mci_shared_post(mci_shared *s, mci_batch *b, mci_posted_fn fn, void *ctx)
{
    mci_turn *ended = NULL;
    mci_mutex_lock(&s->lock);
    mci_turn *p = s->conn != NULL ? mci_turn_new(b, 0, NULL) : NULL;
    if (p == NULL) {
        mci_mutex_unlock(&s->lock);
        return -1;
    }
    p->posted = fn;
    p->ctx = ctx;
    mci_line_append(&s->line, p);
    if (!s->leading) {
        s->leading = 1;
        hand_over(s, &ended);
        mci_turn_settle(&s->lock, &ended);
    }
    mci_mutex_unlock(&s->lock);
    return 0;
}

void mci_shared_close(mci_shared *s, mci_deadline dl)
{
    mci_turn *ended = NULL;
    mci_mutex_lock(&s->lock);
    while (s->conn != NULL && s->line.first != NULL && mci_deadline_left_ms(dl) > 0) {
        int code = s->line.unsent != NULL ? write_out(s, dl) : 0;
        if (code != 0)
            break_conn(s, NULL, FAULT_END, code, MC_OK, NULL, &ended);
        else
            (void)read_some(s, NULL, 1, dl, &ended);
    }
    if (s->conn != NULL)
        break_conn(s, NULL, FAULT_END, 0, MC_OK, NULL, &ended);
    mci_turn_settle(&s->lock, &ended);
    mci_mutex_unlock(&s->lock);
    mci_cond_destroy(&s->quiet);
    mci_mutex_destroy(&s->lock);
}
