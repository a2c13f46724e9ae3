/* SPDX-License-Identifier: Apache-2.0 */
/* The one log formatter: one line, control bytes escaped, cut at 1 KiB, handed to the host's receiver or to nobody. */
#ifndef MCI_OBSERVE_LOG_H
#define MCI_OBSERVE_LOG_H

#include "base/sync.h"
#include <mflixcache/observe.h>
#include <stdatomic.h>

#define MCI_LOG_MAX 1024 /* longest line with its NUL */

/* Where a client's lines go. Calls under way are counted by the parity of the receiver's number, so that a change can wait
 * for the old receiver's last call while the new one is busy already. */
typedef struct mci_log {
    _Atomic(int) level; /* least important level wanted; -1 when there is no receiver */
    mci_mutex lock;     /* guards what follows; never held while a receiver runs */
    mci_cond idle;      /* a count below became 0 */
    mc_log_fn fn;
    void *user;
    unsigned generation;
    unsigned running[2];
} mci_log;

int mci_log_init(mci_log *log); /* 0, or -1 */
void mci_log_destroy(mci_log *log);

/* Change the receiver (NULL: none). When this returns, the old one is not called any more: it waits for the old one's calls
 * under way, so the caller refuses it from inside a receiver. MC_OK, MC_E_RANGE. */
mc_status mci_log_set(mci_log *log, mc_log_fn fn, int level, void *user);

/* Cheap test for callers that would have to prepare arguments. */
static inline int mci_log_wants(const mci_log *log, int level)
{
    return log != NULL && level <= atomic_load_explicit(&log->level, memory_order_relaxed);
}

/* Write one line; `log` may be NULL. Callers hold no lock of the library, and pass no secrets. */
void mci_log_write(mci_log *log, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
