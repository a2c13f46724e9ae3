/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: opening the store that an address names. Refuses stores that were left out of this build. */
#include "store/store.h"

#include "base/error.h"

mc_status mci_store_open(const mci_store_options *opt, const mci_store_env *env, mci_store **out, mc_error *err)
{
    *out = NULL;
    (void)env; /* of no use to a build without stores */
    if (opt->addr.kind == MCI_STORE_MONGODB)
#if !defined(MFLIXCACHE_WITH_MONGODB) || MFLIXCACHE_WITH_MONGODB
        return mci_store_mongo_open(opt, env, out, err);
#else
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "store.uri: this build has no MongoDB");
#endif
#if !defined(MFLIXCACHE_WITH_SQLITE) || MFLIXCACHE_WITH_SQLITE
    return mci_store_sqlite_open(opt, env, out, err);
#else
    return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "store.uri: this build has no SQLite");
#endif
}
