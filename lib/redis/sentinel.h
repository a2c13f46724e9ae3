/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is primary, by what a majority of the Sentinels says. All are asked at once; one that is away costs nothing while a majority answers. Source of the
 * commands: "Guidelines for Redis clients with support for Redis Sentinel".
 */
#ifndef MCI_REDIS_SENTINEL_H
#define MCI_REDIS_SENTINEL_H

#include "redis/redis.h"

typedef struct mci_sentinel mci_sentinel;

/* `addr` has the seeds and the service; `user` and `password` are the sentinels' own, "" for none. No I/O. */
mc_status mci_sentinel_open(const mci_redis_options *opt, const char *user, const char *password, mci_random *rnd,
                            mci_metrics *metrics, mci_log *log, mci_sentinel **out, mc_error *err);
void mci_sentinel_close(mci_sentinel *s);

typedef struct mci_named {
    char host[256];
    int port;
    int64_t config_epoch; /* the number of the switch: grows with each */
    int64_t since_ms;
} mci_named;

/*
 * The primary that more than half of them name, by the same switch. `since_ms` receives for how long it has been primary at least, by the one of them that
 * says least; 0: they do not say. One thread at a time. MC_OK; MC_E_CACHE: no majority; MC_E_AUTH: a Sentinel refused the log-in.
 */
mc_status mci_sentinel_ask(mci_sentinel *s, mci_deadline dl, mci_named *out, mc_error *err);

#endif
