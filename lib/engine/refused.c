/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: saying that Redis answers and cannot be used. Refuses: silence: it is reported by flag, counter, gauge, and log lines when it begins, once a
 * minute, and when it ends.
 */
#include "engine/refused.h"

#define AGAIN_NS INT64_C(60000000000)
#ifdef MCI_TEST_HOOKS
int64_t mci_refused_again_ns = AGAIN_NS;
#define BETWEEN_NS mci_refused_again_ns
#else
#define BETWEEN_NS AGAIN_NS
#endif

/* It goes on: one of the threads that notice says so, once in a while. */
static void tell_again(mci_engine *e, const char *why)
{
    int64_t now = mci_now_ns();
    int64_t told = atomic_load_explicit(&e->refusing_told_ns, memory_order_relaxed);
    if (now - told >= BETWEEN_NS && atomic_compare_exchange_strong(&e->refusing_told_ns, &told, now))
        mci_log_write(e->log, MC_LOG_WARN, "Redis still refuses what the cache needs: %.200s", why);
}

void mci_refused_tell(mci_engine *e, int refused, const char *why)
{
    mci_gauge_set(e->metrics, MCI_C_REDIS_REFUSING, refused);
    if (atomic_exchange_explicit(&e->refusing, refused, memory_order_relaxed) == refused) {
        if (refused)
            tell_again(e, why);
        return;
    }
    if (refused) {
        atomic_store_explicit(&e->refusing_told_ns, mci_now_ns(), memory_order_relaxed);
        mci_log_write(e->log, MC_LOG_WARN, "Redis answers but cannot be used: %.200s", why);
    } else {
        mci_log_write(e->log, MC_LOG_INFO, "Redis can be used again");
    }
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
