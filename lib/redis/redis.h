/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The narrow way to Redis: a batch of commands in, their replies out, by a deadline. Behind it: a few connections that all
 * threads share (redis/shared.h) and a circuit breaker. Safe from any thread.
 */
#ifndef MCI_REDIS_REDIS_H
#define MCI_REDIS_REDIS_H

#include "base/clock.h"
#include "base/random.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "redis/batch.h"
#include "redis/shared.h"
#include "redis/tls.h"
#include "redis/uri.h"

#define MCI_REDIS_CONNECTIONS_MAX 16

typedef struct mci_redis mci_redis;

typedef struct mci_redis_options {
    mci_redis_addr addr;
    mci_tls *tls; /* borrowed; for an address that asks for TLS */
    int64_t connect_timeout_ms;
    int64_t timeout_ms;  /* one exchange */
    int64_t connections; /* 1 to MCI_REDIS_CONNECTIONS_MAX */
    int64_t
        term_ms; /* how old the server's term (redis/term.h) may be; it is asked for twice as often. 0: it is not asked for again */
    int quiet;       /* it is one of several that help: its state is in no gauge and no log */
    int64_t spin_us; /* a lone caller polls for so long before it sleeps */
    int64_t backoff_min_ms;
    int64_t backoff_max_ms;
    int64_t breaker_failures;
} mci_redis_options;

/* No I/O. The random source, metrics and log are borrowed and outlive it. */
mc_status mci_redis_open(const mci_redis_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log, mci_redis **out,
                         mc_error *err);
void mci_redis_close(mci_redis *r);

/*
 * Run the batch. MC_OK: every command has its reply (which may be an error reply). Otherwise MC_E_CACHE, MC_E_TIMEOUT, MC_E_AUTH,
 * MC_E_PROTO, MC_E_NOMEM, and `b->sent` says whether the server may have seen it. Scripts the server does not know are sent in
 * full once. What was lost with a connection that the server closed is sent once more on a new one, unless `b->once`.
 */
mc_status mci_redis_exec(mci_redis *r, mci_batch *b, mci_deadline dl, mc_error *err);

/*
 * Send the batch and do not wait; `fn` is given its replies by whoever uses the connection next; those that did not come are NULL. Never sent twice. 0: it was taken, and is
 * empty now. -1: it was not, and is as before: run it with mci_redis_exec(). That is so for large ones, while Redis is not well, and until the
 * server is known to have the scripts. `fn` shows what it is given to mci_redis_posted().
 */
int mci_redis_post(mci_redis *r, mci_batch *b, mci_posted_fn fn, void *ctx);
void mci_redis_posted(mci_redis *r, const mci_batch *b);

/*
 * Several batches, each to its server, side by side: all are sent before the first is waited for. `part[i].status` is what mci_redis_exec() would
 * have returned.
 */
typedef struct mci_redis_part {
    mci_redis *redis;
    mci_batch *batch;
    mc_error err;
    mc_status status;
} mci_redis_part;
void mci_redis_exec_all(mci_redis_part *part, size_t n, mci_deadline dl);

/* From now on this is another server: every connection is dropped, and nothing that the old one answers is used. */
void mci_redis_readdress(mci_redis *r, const char *host, int port);
/* The address it has now. */
void mci_redis_address(mci_redis *r, mci_redis_addr *out);

/* PING that goes out even while the breaker is open. */
mc_status mci_redis_ping(mci_redis *r, mci_deadline dl, mc_error *err);

/* The server's clock in milliseconds, estimated; 0 before the first connection. Scripts that return TIME set it, too. */
int64_t mci_redis_now_ms(const mci_redis *r);
/* That clock minus the monotonic one; 0: not known. */
int64_t mci_redis_clock_offset_ms(const mci_redis *r);
void mci_redis_saw_time(mci_redis *r, int64_t redis_ms);

/* 0 while the breaker is open. */
int mci_redis_is_up(mci_redis *r);
/* 1: it answered when it was asked last. */
int mci_redis_is_well(mci_redis *r);

#endif
