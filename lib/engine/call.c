/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: exchanges of a call with the cache. Refuses: an exchange that nobody counts. */
#include "engine/call.h"

#include "engine/clock.h"
#include "engine/refused.h"

#include <stdio.h>

const mci_tiers *mci_call_tiers(const mci_call *c)
{
    return c->session != NULL ? &c->session->tiers : &c->e->tiers;
}

int64_t mci_call_timeout_ms(const mci_call *c)
{
    return c->session != NULL ? c->session->timeout_ms : c->e->set.call_timeout_ms;
}

int64_t mci_call_max_age_ms(const mci_call *c)
{
    return c->session != NULL ? c->session->max_age_ms : c->e->set.read_max_age_ms;
}

/* Of each set, for its next nonce. */
static void note_epochs(const mci_ops *ops)
{
    for (size_t i = 0; i < ops->n; i++) {
        const mci_set *s = mci_op_set(&ops->op[i]);
        if (s != NULL && ops->op[i].epoch != 0)
            atomic_store_explicit(&((mci_set *)(uintptr_t)s)->seen_epoch, ops->op[i].epoch, memory_order_relaxed);
    }
}

mc_status mci_call_run(mci_call *c, mci_ops *ops)
{
    mci_engine *e = c->e;
    int64_t now = e->cache->ops->now_ms(e->cache);
    ops->clock_ms = mci_clock_at(e, now);
    mc_status st = e->cache->ops->run(e->cache, ops, c->dl, c->err);
    c->info->redis_round_trips += ops->round_trips;
    if (st != MC_OK)
        c->info->flags |= MC_FLAG_REDIS_DOWN;
    else if (ops->refusal != NULL)
        mci_refused(c->e, c->info, ops->refusal);
    else if (ops->epoch_late)
        c->info->flags |= MC_FLAG_REDIS_DOWN;
    else if (ops->epoch_status != MC_OK && ops->epoch_status != MC_E_INTERNAL && ops->epoch_why != NULL)
        mci_refused(c->e, c->info, ops->epoch_why->text);
    if (st == MC_OK && ops->partial)
        c->info->flags |= MC_FLAG_REDIS_DOWN;
    if (st == MC_OK && ops->epoch_status == MC_OK && ops->epoch != 0)
        atomic_store_explicit(&e->last_epoch, ops->epoch, memory_order_relaxed);
    if (st == MC_OK && e->cache->many_epochs)
        note_epochs(ops);
    return st;
}

mc_status mci_call_run_one(mci_call *c, mci_ops *ops)
{
    mc_status st = mci_call_run(c, ops);
    return st == MC_OK ? mci_op_error(&ops->op[0], c->err) : st;
}

mc_status mci_call_run_all(mci_call *c, mci_ops *ops)
{
    mc_status st = mci_call_run(c, ops);
    for (size_t i = 0; st == MC_OK && i < ops->n; i++)
        st = mci_op_error(&ops->op[i], c->err);
    return st;
}

mci_call mci_call_quiet(const mci_call *c)
{
    mci_call quiet = *c;
    quiet.err = NULL;
    return quiet;
}

mci_call mci_call_aside(const mci_call *c, mc_info *info)
{
    mci_call aside = *c;
    *info = (mc_info){0};
    aside.err = NULL;
    aside.info = info;
    return aside;
}

void mci_call_count(const mci_call *c, const mc_info *aside)
{
    c->info->redis_round_trips += aside->redis_round_trips;
    c->info->store_calls += aside->store_calls;
}

void mci_call_both_away(mc_error *err, const mc_error *cache)
{
    mc_error store = *err;
    (void)mci_fail_code(err, store.code, store.tier, store.backend_code, "%.230s; and %.230s", store.text, cache->text);
}

void mci_call_fresh_nonce(const mci_call *c, const mci_set *s, char out[MCI_NONCE_CAP])
{
    int64_t epoch = c->e->cache->many_epochs && s != NULL
                        ? atomic_load_explicit(&((mci_set *)(uintptr_t)s)->seen_epoch, memory_order_relaxed)
                        : atomic_load_explicit(&c->e->last_epoch, memory_order_relaxed);
    (void)snprintf(out, MCI_NONCE_CAP, "%lld.%016llx", (long long)epoch, (unsigned long long)mci_random_u64(&c->e->rnd));
}
