/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: comparing the handle's database with the one whose values the cache holds. Refuses: mixing the two. */
#include "engine/identity.h"

#include "engine/refused.h"

#include <stdio.h>
#include <string.h>

#define ASK_AGAIN_NS INT64_C(1000000000) /* the other may give way */

void mci_identity_init(mci_engine *e)
{
    const char *text = e->set.store_identity[0] != '\0' ? e->set.store_identity
                       : e->store != NULL               ? e->store->identity
                                                        : NULL;
    if (text == NULL || strcmp(text, "*") == 0)
        return;
    size_t n = strlen(text);
    if (n < sizeof e->identity)
        memcpy(e->identity, text, n + 1);
    else /* what it begins with is for people, the sum for the comparison */
        (void)snprintf(e->identity, sizeof e->identity, "%.200s...%016llx", text,
                       (unsigned long long)mci_checksum(0, text, n));
    e->cache->scope = (int64_t)(mci_checksum(0, text, n) >> 11);
}

void mci_identity_add(mci_engine *e, mci_ops *ops, int adopt)
{
    mci_op *op = mci_ops_add(ops, MCI_OP_IDENTITY);
    op->u.identity.identity = e->identity;
    op->u.identity.adopt = adopt;
}

mc_status mci_identity_judge(mci_engine *e, const mci_ops *ops, mc_error *err)
{
    const mci_op_identity *i = &ops->op[0].u.identity;
    mc_status st = mci_op_error(&ops->op[0], err);
    if (st != MC_OK)
        return st;
    if (i->ours) {
        atomic_store(&e->verified_epoch, ops->epoch);
        atomic_store_explicit(&e->last_epoch, ops->epoch, memory_order_relaxed);
        return MC_OK;
    }
    if (e->set.cache_in_memory)
        return mci_fail(
            err, MC_E_DATABASE, MC_TIER_REDIS,
            "what the cache in memory holds under the prefix \"%.60s\" is of another database (%.*s), not of %.120s: use "
            "another name after memory:, or another cache.prefix",
            e->set.cache_prefix, (int)(i->whose.n < 120 ? i->whose.n : 120), i->whose.p != NULL ? i->whose.p : "",
            e->identity);
    return mci_fail(err, MC_E_DATABASE, MC_TIER_REDIS,
                    "what Redis holds under the prefix \"%.60s\" is of another database (%.*s), not of %.120s: use another "
                    "cache.prefix, or drop it all: mflix invalidate --all --adopt (option store.adopt)",
                    e->set.cache_prefix, (int)(i->whose.n < 120 ? i->whose.n : 120), i->whose.p != NULL ? i->whose.p : "",
                    e->identity);
}

mci_identity_state mci_identity_of(mci_call *c, const mci_ops *list)
{
    mci_engine *e = c->e;
    if (e->identity[0] == '\0' || e->cache->many_epochs ||
        list->epoch == atomic_load_explicit(&e->verified_epoch, memory_order_acquire))
        return MCI_IDENTITY_OURS;
    if (mci_now_ns() < atomic_load(&e->foreign_until_ns)) {
        mci_refused(c->e, c->info, "it holds another database's values");
        return MCI_IDENTITY_FOREIGN;
    }
    mci_ops ops;
    mc_error err = {0};
    mci_call ask = *c;
    ask.err = &err;
    mci_ops_init(&ops);
    mci_identity_add(e, &ops, 0);
    mc_status st = mci_call_run(&ask, &ops);
    if (st == MC_OK)
        st = mci_identity_judge(e, &ops, &err);
    int moved = st == MC_OK && ops.epoch != list->epoch;
    mci_ops_free(&ops);
    if (st == MC_E_DATABASE) {
        atomic_store(&e->foreign_until_ns, mci_now_ns() + ASK_AGAIN_NS);
        mci_refused(c->e, c->info, err.text);
    }
    if (st != MC_OK && c->err != NULL)
        *c->err = err;
    return st != MC_OK ? MCI_IDENTITY_FOREIGN : moved ? MCI_IDENTITY_MOVED : MCI_IDENTITY_OURS;
}
