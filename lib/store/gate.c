/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: whether the store is asked at all. Refuses: to take a bad document, a refused write or a caller's short deadline for a
 * database that is away; its caller says which it was.
 */
#include "store/gate.h"

int mci_store_gate_init(mci_store_gate *g)
{
    *g = (mci_store_gate){0};
    return mci_random_init(&g->rnd) != 0 || mci_mutex_init(&g->lock) != 0 ? -1 : 0;
}

void mci_store_gate_destroy(mci_store_gate *g)
{
    mci_mutex_destroy(&g->lock);
}

void mci_store_gate_bind(mci_store_gate *g, int64_t backoff_min_ms, int64_t backoff_max_ms, int64_t failures,
                         mci_metrics *metrics, mci_log *log)
{
    g->breaker.min_ns = backoff_min_ms * 1000000;
    g->breaker.max_ns = backoff_max_ms * 1000000;
    g->breaker.threshold = failures;
    g->metrics = metrics;
    g->log = log;
}

static mc_status refused(const mc_error *last, mc_error *err)
{
    mc_status st = last->code == MC_E_AUTH || last->code == MC_E_TLS ? (mc_status)last->code : MC_E_STORE;
    return mci_fail_code(err, st, MC_TIER_STORE, last->backend_code,
                         "waiting before trying the database again; last: %.400s", last->text);
}

mc_status mci_store_gate_enter(mci_store_gate *g, int seen, int force, mci_pass *out, mc_error *err)
{
    *out = (mci_pass){.gate = MCI_GATE_GO, .forced = force};
    mci_mutex_lock(&g->lock);
    if (g->breaker.threshold > 0) {
        if (g->unseen && seen)
            g->breaker.open_until_ns = g->breaker.open_until_ns == 0 ? 0 : 1; /* long ago: one call may try */
        out->gate = mci_breaker_enter(&g->breaker, mci_now_ns());
    }
    mc_error last = g->last;
    mci_mutex_unlock(&g->lock);
    if (out->gate != MCI_GATE_STOP || force)
        return MC_OK;
    mci_count(g->metrics, MCI_C_STORE_REFUSED);
    return refused(&last, err);
}

mc_status mci_store_gate_state(mci_store_gate *g, mc_error *err)
{
    mci_mutex_lock(&g->lock);
    int up = g->breaker.open_until_ns == 0;
    mc_error last = g->last;
    mci_mutex_unlock(&g->lock);
    return up ? MC_OK : refused(&last, err);
}

void mci_store_gate_leave(mci_store_gate *g, mci_pass pass, mci_verdict v, const mc_error *why)
{
    if (v == MCI_STORE_NOT_ASKED && pass.gate != MCI_GATE_PROBE)
        return;
    mc_error text = {0};
    mci_mutex_lock(&g->lock);
    if (g->breaker.threshold == 0) {
        mci_mutex_unlock(&g->lock);
        return;
    }
    int was_up = g->breaker.open_until_ns == 0;
    if (v == MCI_STORE_ANSWERS) {
        mci_breaker_success(&g->breaker, pass.forced ? MCI_GATE_PROBE : pass.gate);
    } else {
        mci_gate gate = pass.gate == MCI_GATE_STOP ? MCI_GATE_GO : pass.gate; /* forced: the pause goes on */
        mc_status st = why != NULL ? (mc_status)why->code : MC_E_STORE;
        mci_breaker_failure(&g->breaker, gate, st, v == MCI_STORE_AWAY, mci_now_ns(), mci_random_u64(&g->rnd));
        if (v != MCI_STORE_NOT_ASKED)
            g->unseen = v == MCI_STORE_AWAY;
        if (why != NULL && v != MCI_STORE_NOT_ASKED)
            g->last = *why;
    }
    int is_up = g->breaker.open_until_ns == 0;
    if (was_up && !is_up)
        text = g->last;
    mci_mutex_unlock(&g->lock);
    mci_gauge_set(g->metrics, MCI_C_STORE_UP, is_up);
    if (was_up != is_up)
        mci_log_write(g->log, is_up ? MC_LOG_INFO : MC_LOG_WARN,
                      is_up ? "the database answers again%s" : "the database is away: %s", is_up ? "" : text.text);
}
