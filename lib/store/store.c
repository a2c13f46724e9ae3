/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: which store a URI means. Refuses schemes it does not know, and stores that were left out of this build. */
#include "store/store.h"

#include "base/ascii.h"
#include "base/error.h"

#include <string.h>

static int has_scheme(const char *uri, const char *scheme)
{
    return mci_same_word(uri, scheme, strlen(scheme));
}

mc_status mci_store_open(const mci_store_options *opt, const mci_store_env *env, mci_store **out, mc_error *err)
{
    *out = NULL;
    (void)env; /* of no use to a build without stores */
    if (opt->uri == NULL || opt->uri[0] == '\0')
        return mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri is empty");
    if (has_scheme(opt->uri, "mongodb://") || has_scheme(opt->uri, "mongodb+srv://"))
#if !defined(MFLIXCACHE_WITH_MONGODB) || MFLIXCACHE_WITH_MONGODB
        return mci_store_mongo_open(opt, env, out, err);
#else
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "store.uri: this build has no MongoDB");
#endif
    if (has_scheme(opt->uri, "sqlite:"))
#if !defined(MFLIXCACHE_WITH_SQLITE) || MFLIXCACHE_WITH_SQLITE
        return mci_store_sqlite_open(opt, env, out, err);
#else
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "store.uri: this build has no SQLite");
#endif
    return mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri must begin with mongodb://, mongodb+srv:// or sqlite:");
}
