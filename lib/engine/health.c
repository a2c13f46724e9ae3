/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the question whether Redis can be used, beyond answering at all. Refuses: silence: a server that refuses what the cache
 * needs is told by flag, counter, gauge and one log line each time that it begins and ends.
 */
#include "engine/health.h"

#include "engine/identity.h"

static void tell(mci_engine *e, int refused, const char *why)
{
    mci_gauge_set(e->metrics, MCI_C_REDIS_REFUSING, refused);
    if (atomic_exchange_explicit(&e->refusing, refused, memory_order_relaxed) == refused)
        return;
    if (refused)
        mci_log_write(e->log, MC_LOG_WARN, "Redis answers but cannot be used: %.200s", why);
    else
        mci_log_write(e->log, MC_LOG_INFO, "Redis can be used again");
}

void mci_health_of_commit(mci_call *c, const mci_op_commit *k)
{
    if (k->full) {
        c->info->flags |= MC_FLAG_REFUSED;
        mci_count(c->e->metrics, MCI_C_REDIS_REFUSALS);
        tell(c->e, 1, "it is full (maxmemory), and takes no values");
    } else if (k->stored && atomic_load_explicit(&c->e->refusing, memory_order_relaxed)) {
        tell(c->e, 0, "");
    }
}

void mci_health_refused(mci_call *c, const char *why)
{
    c->info->flags |= MC_FLAG_REDIS_DOWN | MC_FLAG_REFUSED;
    mci_count(c->e->metrics, MCI_C_REDIS_REFUSALS);
    tell(c->e, 1, why);
}

mc_status mci_health_ask(mci_engine *e, mci_deadline dl, int adopt, int *lasting, mc_error *err)
{
    int forever = 0;
    mc_error own = {0};
    mc_status st = e->cache->ops->ping(e->cache, dl, &own);
    if (st == MC_OK) {
        mci_ops ops;
        mci_ops_init(&ops);
        mci_identity_add(e, &ops, adopt);
        st = e->cache->ops->run(e->cache, &ops, dl, &own);
        if (st == MC_OK)
            st = mci_identity_judge(e, &ops, &own);
        int refused = ops.refusal != NULL || st == MC_E_DATABASE;
        forever = ops.refusal_lasts || st == MC_E_DATABASE;
        if (refused)
            mci_count(e->metrics, MCI_C_REDIS_REFUSALS);
        if (refused || st == MC_OK)
            tell(e, st != MC_OK, own.text);
        mci_ops_free(&ops);
    } else {
        forever = st == MC_E_AUTH || st == MC_E_CLUSTER || st == MC_E_URI;
    }
    if (lasting != NULL)
        *lasting = forever;
    if (st != MC_OK && err != NULL)
        *err = own;
    return st;
}
