/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this handle has read past Redis: what the store answered was handed out and did not get into Redis by this handle. A value that Redis
 * shows later may be older than that (a writer who could not reach Redis left it there), and reads of an id may not go back in
 * time. A fixed table by a hash of the id: two ids in one place cost a miss, never a wrong answer. Lock-free.
 */
#ifndef MCI_ENGINE_SEEN_H
#define MCI_ENGINE_SEEN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define MCI_SEEN_PLACES 2048

typedef struct mci_seen {
    _Atomic int64_t newest_ns; /* of all places; 0: nothing was read past Redis */
    _Atomic int64_t at_ns[MCI_SEEN_PLACES];
} mci_seen;

/* The store was read about this id (or encoded unique key) by now, on the monotonic clock. */
void mci_seen_note(mci_seen *s, size_t coll, int unique, const char *id, int64_t now_ns);

/* When it was last; 0: never. */
int64_t mci_seen_at(const mci_seen *s, size_t coll, int unique, const char *id);

/* May a value that was loaded `age_ms` before now be older than what was read past Redis? */
int mci_seen_newer(const mci_seen *s, size_t coll, int unique, const char *id, int64_t now_ns, int64_t age_ms);

#endif
