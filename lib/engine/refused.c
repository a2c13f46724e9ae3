/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: saying that Redis answers and cannot be used. Refuses: silence: it is reported by flag, counter, gauge, and one log line each time that
 * it begins and ends.
 */
#include "engine/refused.h"

void mci_refused_tell(mci_engine *e, int refused, const char *why)
{
    mci_gauge_set(e->metrics, MCI_C_REDIS_REFUSING, refused);
    if (atomic_exchange_explicit(&e->refusing, refused, memory_order_relaxed) == refused)
        return;
    if (refused)
        mci_log_write(e->log, MC_LOG_WARN, "Redis answers but cannot be used: %.200s", why);
    else
        mci_log_write(e->log, MC_LOG_INFO, "Redis can be used again");
}

void mci_refused_commit(mci_engine *e, mc_info *info, const mci_op_commit *k)
{
    if (k->full) {
        info->flags |= MC_FLAG_REFUSED;
        mci_count(e->metrics, MCI_C_REDIS_REFUSALS);
        mci_refused_tell(e, 1, "it is full (maxmemory), and takes no values");
    } else if (k->stored && atomic_load_explicit(&e->refusing, memory_order_relaxed)) {
        mci_refused_tell(e, 0, "");
    }
}

void mci_refused(mci_engine *e, mc_info *info, const char *why)
{
    info->flags |= MC_FLAG_REDIS_DOWN | MC_FLAG_REFUSED;
    mci_count(e->metrics, MCI_C_REDIS_REFUSALS);
    mci_refused_tell(e, 1, why);
}
