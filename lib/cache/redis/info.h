/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says of itself that a cache should mind: version, memory policy, persistence, role. INFO needs no right to CONFIG. */
#ifndef MCI_CACHE_REDIS_INFO_H
#define MCI_CACHE_REDIS_INFO_H

#include "redis/redis.h"
#include <mflixcache/check.h>

void mci_redis_look_at_info(mci_redis *r, int64_t step_ms, mc_findings *out);
/* The same of a text that INFO gave. */
void mci_redis_judge_info(const char *text, size_t len, mc_findings *out);

#endif
