/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the question whether the cache can be used. Refuses: taking an answer to PING for one. */
#include "engine/health.h"

#include "engine/identity.h"
#include "engine/refused.h"

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
            mci_refused_tell(e, st != MC_OK, own.text);
        mci_ops_free(&ops);
    } else {
        forever = st == MC_E_AUTH || st == MC_E_TLS || (st == MC_E_CLUSTER && !e->cache->moves) || st == MC_E_URI;
    }
    if (lasting != NULL)
        *lasting = forever;
    if (st != MC_OK && err != NULL)
        *err = own;
    return st;
}
