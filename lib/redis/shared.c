/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: who writes and who reads on a shared connection, and for how long. Refuses: a caller that waits past its deadline.
 */
#include "redis/shared.h"

#include "base/syncpoint.h"
#include "redis/term.h"

#define MORE_READS 4 /* of what is there already, by a leader who has its own reply */

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
        me->b.term = s->conn->term;
        me->b.generation = s->conn->generation;
        mci_turn_end(me, MC_OK, me, ended);
        mci_lead_break(s, me, MCI_FAULT_SPENT, 0, MC_OK, NULL, ended);
        return 0;
    }
    if (is_silent(s) && leading) {
        mci_lead_break(s, me, MCI_FAULT_SILENCE, 0, MC_OK, NULL, ended);
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
    me->awaited = 0;
    me->err = NULL;
    s->doubted = 1;
    return 1;
}

/* ---- leading ------------------------------------------------------------------------------------------------------ */

/* The lead goes to the first who waits for a reply. */
static void hand_over(mci_shared *s, mci_turn **ended)
{
    mci_turn *p = s->line.first;
    while (p != NULL && !p->awaited)
        p = p->next;
    if (p == NULL && s->conn != NULL && s->line.unsent != NULL &&
        !s->writing) { /* posted: it goes out before the lead ends */
        int code = mci_lead_write(s, 0);
        if (code != 0)
            mci_lead_break(s, NULL, MCI_FAULT_END, code, MC_OK, NULL, ended);
        mci_turn_settle(&s->lock, ended);
        for (p = s->line.first; p != NULL && !p->awaited;)
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
            mci_lead_connect(s, me, dl, &ended);
        } else if (s->line.unsent != NULL && !s->writing) {
            int code = mci_lead_write(s, dl);
            if (code != 0)
                mci_lead_break(s, me, MCI_FAULT_END, code, MC_OK, NULL, &ended);
            over = s->line.unsent != NULL && mci_deadline_left_ms(dl) == 0;
        } else {
            over = !mci_lead_read(s, me, 1, dl, &ended) && mci_deadline_left_ms(dl) == 0;
        }
        mci_turn_settle(&s->lock, &ended);
    }
    if (me->state != MCI_TURN_DONE)
        left = give_up(s, me, 1, &ended);
    if (left)
        me = NULL; /* nobody's: whoever comes to its reply frees it, and that may be here */
    for (int i = 0; i < MORE_READS && s->conn != NULL && s->line.first != NULL && s->line.first != s->line.unsent; i++)
        if (!mci_lead_read(s, me, 0, 0, &ended))
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
    while ((check || s->doubted) && s->conn != NULL && mci_lead_read(s, NULL, 0, 0, &ended))
        ;
    if (s->doubted && s->conn != NULL)
        mci_lead_break(s, NULL, MCI_FAULT_SILENCE, 0, MC_OK, NULL, &ended);
    s->doubted = 0;
    mci_turn_settle(&s->lock, &ended);
}

/* Another leads. The lock is held, and let go. 1: the turn was left on the line. */
static int follow(mci_shared *s, mci_turn *me, mci_deadline dl)
{
    mci_turn *ended = NULL;
    if (s->far && s->conn != NULL && !s->writing && s->line.unsent != NULL && mci_lead_write(s, dl) != 0 && s->conn != NULL)
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

/* The question for the server's term goes before whatever comes now, when the last is old. */
static void ask_term(mci_shared *s, int64_t now_ns)
{
    const mci_shared_hooks *h = s->hooks;
    if (h->term_ns == 0 || s->conn == NULL || now_ns - s->asked_ns < h->term_ns || !MCI_SAFEGUARD(MCI_SAFEGUARD_RECHECK))
        return;
    mci_batch b;
    mci_batch_init(&b);
    mci_term_ask(&b);
    mci_batch_seal(&b);
    mci_turn *p = b.out.failed ? NULL : mci_turn_new(&b, 0, NULL);
    mci_batch_free(&b);
    if (p == NULL)
        return;
    s->asked_ns = now_ns;
    p->asks = 1;
    mci_line_append(&s->line, p);
}

static mc_status collect(mci_turn *p, int left, mci_batch *b, mci_outcome *out)
{
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

mc_status mci_shared_exchange(mci_shared *s, mci_batch *b, int check, int64_t now_ns, mci_deadline dl, mci_outcome *out,
                              mc_error *err)
{
    *out = (mci_outcome){0};
    mci_turn *p = mci_turn_new(b, 1, err);
    if (p == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for an exchange with Redis");
    int left = 0;
    p->awaited = 1;
    mci_mutex_lock(&s->lock);
    if (s->leading) {
        ask_term(s, now_ns);
        mci_line_append(&s->line, p);
        left = follow(s, p, dl);
    } else {
        s->leading = 1;
        if (check || s->doubted)
            look(s, check);
        ask_term(s, now_ns);
        mci_line_append(&s->line, p);
        left = lead(s, p, dl);
        mci_mutex_unlock(&s->lock);
    }
    return collect(p, left, b, out);
}

mci_turn *mci_shared_begin(mci_shared *s, mci_batch *b, int check, int64_t now_ns, mc_error *err)
{
    mci_turn *ended = NULL;
    mci_mutex_lock(&s->lock);
    int leads = !s->leading && s->conn != NULL;
    if (leads) {
        s->leading = 1;
        if (check || s->doubted)
            look(s, check);
    }
    mci_turn *p = s->conn != NULL ? mci_turn_new(b, 1, err) : NULL;
    if (p != NULL) {
        ask_term(s, now_ns);
        mci_line_append(&s->line, p);
    }
    if (leads) {
        hand_over(s, &ended);
        mci_turn_settle(&s->lock, &ended);
    }
    mci_mutex_unlock(&s->lock);
    return p;
}

mc_status mci_shared_end(mci_shared *s, mci_turn *p, mci_batch *b, mci_deadline dl, mci_outcome *out)
{
    *out = (mci_outcome){0};
    int left = 0;
    mci_mutex_lock(&s->lock);
    if (p->state == MCI_TURN_DONE) {
        mci_mutex_unlock(&s->lock);
        (void)mci_event_wait(&p->told, MCI_NO_DEADLINE);
        return collect(p, 0, b, out);
    }
    p->awaited = 1;
    if (s->leading) {
        left = follow(s, p, dl);
    } else {
        s->leading = 1;
        left = lead(s, p, dl);
        mci_mutex_unlock(&s->lock);
    }
    return collect(p, left, b, out);
}

void mci_shared_drop(mci_shared *s)
{
    mci_turn *ended = NULL;
    mci_mutex_lock(&s->lock);
    if (s->conn != NULL && s->leading)
        mci_conn_shut(s->conn); /* the leader sees it */
    else if (s->conn != NULL)
        mci_lead_break(s, NULL, MCI_FAULT_END, 0, MC_OK, NULL, &ended);
    mci_turn_settle(&s->lock, &ended);
    mci_mutex_unlock(&s->lock);
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
        int code = s->line.unsent != NULL ? mci_lead_write(s, dl) : 0;
        if (code != 0)
            mci_lead_break(s, NULL, MCI_FAULT_END, code, MC_OK, NULL, &ended);
        else
            (void)mci_lead_read(s, NULL, 1, dl, &ended);
    }
    if (s->conn != NULL)
        mci_lead_break(s, NULL, MCI_FAULT_END, 0, MC_OK, NULL, &ended);
    mci_turn_settle(&s->lock, &ended);
    mci_mutex_unlock(&s->lock);
    mci_cond_destroy(&s->quiet);
    mci_mutex_destroy(&s->lock);
}
