/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single flight: threads of one process that miss one id share one load. A thread may join a load when Redis has said, after its read began, that
 * the load's lease is still held: a write that was acknowledged before has taken every older lease away. Or when the lease was asked for after its
 * read began: then so was the store. Either way what the joined load brings is new enough (tests/model).
 */
#ifndef MCI_ENGINE_FLIGHT_H
#define MCI_ENGINE_FLIGHT_H

#include "base/doc.h"
#include "base/sync.h"
#include "cache/cache.h"

typedef struct mci_flight mci_flight;

#define MCI_FLIGHT_BUCKETS 64

typedef struct mci_flights {
    mci_mutex lock;
    mci_flight *bucket[MCI_FLIGHT_BUCKETS];
    mci_flight *last[MCI_FLIGHT_BUCKETS]; /* that has landed, for who is about to share it; NULL: none, or it was large */
} mci_flights;

int mci_flights_init(mci_flights *f); /* 0, or -1 */
void mci_flights_destroy(mci_flights *f);

/* Make known a load of this id under its lease's token, before the lease is given. NULL when memory is short (then nobody can join). */
mci_flight *mci_flight_begin(mci_flights *f, const char *token, const mci_family *family, const char *id);

/* Without leases (Redis is away): join the load under this token, or begin it; `*mine` says which. NULL when memory is short. */
mci_flight *mci_flight_enter(mci_flights *f, const char *token, int *mine);

/* When it began, on the monotonic clock. */
int64_t mci_flight_begun_ns(const mci_flight *fl);

/* Its lease was given in this epoch. */
void mci_flight_leased(mci_flights *f, mci_flight *fl, int64_t epoch);

/*
 * The load ended: hand the outcome to all that joined, wake them, and forget it; while others ask for the lease of the same id it is kept for them,
 * since Redis may have told them before that this load holds it. `fl` may be NULL.
 */
void mci_flight_land(mci_flights *f, mci_flight *fl, mc_status status, mci_doc *doc);

/*
 * The load under this token, if it is one of ours, of this id (the token comes from Redis, where others can write), of this epoch
 * (everything may have been invalidated since it began), and began after `after_ns`. It may not know yet that it has its lease. NULL: there is none to join.
 */
mci_flight *mci_flight_join(mci_flights *f, const char *token, size_t len, const mci_family *family, const char *id,
                            int64_t epoch, int64_t after_ns);

/*
 * A load of this id for which a lease was asked after `after_ns`, under way or the last that has landed: without a word from Redis. It may turn out not
 * to get the lease; then waiting for it fails. NULL: there is none.
 */
mci_flight *mci_flight_share(mci_flights *f, const mci_family *family, const char *id, int64_t after_ns);

#define MCI_ANY_EPOCH (-2) /* of a load that is shared: it was asked for after the read began, and so was its epoch */

/*
 * Wait for it and let go of it. 0: `*status` and `*doc` (a reference) are its outcome; -1: the deadline passed, or its lease was of another
 * epoch than `epoch` (everything may have been invalidated since it began).
 */
int mci_flight_wait(mci_flights *f, mci_flight *fl, int64_t epoch, mci_deadline dl, mc_status *status, mci_doc **doc);

#endif
