/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what this build is and can do. Refuses nothing: it needs no client. */
#include <mflixcache/version.h>

const char *mc_version(void)
{
    return MC_VERSION_TEXT;
}

int mc_version_number(void)
{
    return MC_VERSION_MAJOR * 10000 + MC_VERSION_MINOR * 100 + MC_VERSION_PATCH;
}

const char *mc_features(void)
{
    return "redis unix-socket memory callback"
#if MFLIXCACHE_WITH_TLS
           " tls"
#endif
#if MFLIXCACHE_WITH_MONGODB
           " mongodb"
#endif
#if MFLIXCACHE_WITH_SQLITE
           " sqlite"
#endif
        ;
}
