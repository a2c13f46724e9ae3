/* SPDX-License-Identifier: Apache-2.0 */
/* Can this server be used for what the cache needs? Each command and each script is tried by itself, on keys of their own that are removed. */
#ifndef MCI_CACHE_REDIS_CHECK_H
#define MCI_CACHE_REDIS_CHECK_H

#include "cache/redis/pack.h"

/* 1: the server answers. What was found is in `out`. `step_ms`: for each exchange. */
int mci_redis_check(mci_redis_cache *rc, int64_t step_ms, mc_findings *out);

#endif
