/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: comparing the handle's database with the one whose values Redis holds. Refuses: mixing the two. */
#include "engine/identity.h"

#include "engine/health.h"

#include <stdio.h>
#include <string.h>

#define ASK_AGAIN_NS INT64_C(1000000000) /* somebody may give way */

void mci_identity_init(mci_engine *e)
{
    const char *text = e->set.store_identity[0] != '\0' ? e->set.store_identity : e->store->identity;
    if (text == NULL || strcmp(text, "*") == 0)
        return;
    size_t n = strlen(text);
    if (n < sizeof e->identity)
        memcpy(e->identity, text, n + 1);
    else /* what it begins with is for people, the sum for the comparison */
        (void)snprintf(e->identity, sizeof e->identity, "%.200s...%016llx", text,
                       (unsigned long long)mci_checksum(0, text, n));
}

void mci_identity_cmd(mci_engine *e, mci_batch *b, int adopt)
{
    mci_cmd_script(b, &mci_script_probe, 3, 5);
    mci_arg_str(b, e->probe_key);
    mci_arg_str(b, e->epoch_key);
    mci_arg_str(b, e->identity_key);
    mci_arg_str(b, e->identity);
    mci_arg_str(b, adopt ? "1" : "");
}

mc_status mci_identity_reply(mci_engine *e, const mci_reply *r, int64_t *epoch, mc_error *err)
{
    int64_t ours = 0;
    mc_status st = mci_reply_error(r, "ping", err);
    if (st != MC_OK)
        return st;
    if (mci_reply_int(mci_reply_item(r, 0), &ours) != 0 || mci_reply_epoch(mci_reply_item(r, 1), epoch) != 0)
        return mci_fail(err, MC_E_PROTO, MC_TIER_REDIS, "ping: Redis answered something else");
    if (ours) {
        atomic_store(&e->verified_epoch, *epoch);
        return MC_OK;
    }
    mci_slice whose = mci_reply_slice(mci_reply_item(r, 2));
    return mci_fail(err, MC_E_DATABASE, MC_TIER_REDIS,
                    "what Redis holds under the prefix \"%.60s\" is of another database (%.*s), not of %.120s: use another "
                    "cache.prefix, or drop it all: mflix invalidate --all --adopt (option store.adopt)",
                    e->set.cache_prefix, (int)(whose.n < 120 ? whose.n : 120), whose.p != NULL ? whose.p : "", e->identity);
}

int mci_identity_holds(mci_call *c, int64_t *epoch)
{
    mci_engine *e = c->e;
    if (e->identity[0] == '\0' || *epoch == atomic_load_explicit(&e->verified_epoch, memory_order_acquire))
        return 1;
    if (mci_now_ns() < atomic_load(&e->foreign_until_ns)) {
        mci_health_refused(c, "it holds another database's values");
        return 0;
    }
    mci_batch b;
    mc_error err = {0};
    mci_call ask = *c;
    ask.err = &err;
    mci_batch_init(&b);
    mci_identity_cmd(e, &b, 0);
    mc_status st = mci_call_exec(&ask, &b);
    if (st == MC_OK)
        st = mci_identity_reply(e, mci_batch_reply(&b, 0), epoch, &err);
    if (st == MC_E_DATABASE) {
        atomic_store(&e->foreign_until_ns, mci_now_ns() + ASK_AGAIN_NS);
        mci_health_refused(c, err.text);
    }
    if (st != MC_OK && c->err != NULL)
        *c->err = err;
    mci_batch_free(&b);
    return st == MC_OK;
}
