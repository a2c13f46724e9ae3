/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what operations on values and on strings share. Refuses: more than one lease at a time. */
#include "cache/memory/step.h"

#include <stdio.h>
#include <string.h>

void mci_memory_refuse(const mci_memory_run *run)
{
    mc_error *why = mci_op_why(run->ops, run->op);
    run->op->status = mci_fail(why, MC_E_NOMEM, MC_TIER_NONE, "the cache in memory has no room (cache.max_bytes)");
}

mci_slice mci_memory_name(const mci_memory_run *run, const mci_held *h)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)h->serial);
    char *p = mci_arena_text(&run->ops->arena, text, (size_t)n);
    return (mci_slice){p, p != NULL ? (size_t)n : 0};
}

int mci_memory_is_named(const mci_held *h, mci_slice name)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)h->serial);
    return name.p != NULL && name.n == (size_t)n && memcmp(name.p, text, name.n) == 0;
}

void mci_memory_lease(const mci_memory_run *run, mci_held *h, mci_op_acquire *a)
{
    mci_guard *g = mci_held_guarded(run->m, h, run->now_ms);
    if (g == NULL) {
        mci_held_tidy(run->m, h);
        mci_memory_refuse(run);
        return;
    }
    if (g->lease[0] != '\0' && strcmp(g->lease, a->token) != 0) {
        char *holder = mci_arena_text(&run->ops->arena, g->lease, strlen(g->lease));
        a->acquired = MCI_ACQUIRED_OTHER;
        a->holder = (mci_slice){holder, holder != NULL ? strlen(holder) : 0};
        return;
    }
    strncpy(g->lease, a->token, sizeof g->lease - 1);
    g->lease_until_ms = run->now_ms + a->lease_ms;
    a->acquired = MCI_ACQUIRED_LEASE;
}
