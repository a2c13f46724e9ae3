/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection for many threads. Whoever comes while nobody uses it becomes its leader: it writes the commands of all who wait in one go,
 * reads the replies, and wakes their owners in order. When it has its own reply it hands the lead to the next. A lone caller so writes and
 * reads on its own thread, and under load many calls share one write and one read ("leader combining").
 *
 * A call that gives up (its deadline has passed) leaves its turn: its replies are read and thrown away when they come, and nobody else notices.
 * A batch can also be posted: it is sent, and whoever uses the connection next takes its replies.
 *
 * The connection is opened when it is first needed, and again after a fault. Safe from any thread; no thread of its own.
 */
#ifndef MCI_REDIS_SHARED_H
#define MCI_REDIS_SHARED_H

#include "redis/lead.h"

int mci_shared_init(mci_shared *s, const mci_shared_hooks *hooks); /* 0, or -1; `hooks` is borrowed */
/* Nobody uses it any more. What was posted has `dl` to be answered. */
void mci_shared_close(mci_shared *s, mci_deadline dl);

/*
 * Send the batch and wait for its replies. `check`: the connection is looked at first, since it may have died while nobody used it; `now_ns` is the
 * caller's reading of the clock. MC_OK: every command has its reply. MC_E_TIMEOUT: by `dl` there was none; `b->sent` says whether the server may have
 * seen it.
 */
mc_status mci_shared_exchange(mci_shared *s, mci_batch *b, int check, int64_t now_ns, mci_deadline dl, mci_outcome *out,
                              mc_error *err);

/*
 * The same in two halves, for who asks several servers at once: between them nothing is waited for. NULL: there is no connection, or memory is
 * short; the batch is as before. Whoever begins ends; `err` is written until then.
 */
mci_turn *mci_shared_begin(mci_shared *s, mci_batch *b, int check, int64_t now_ns, mc_error *err);
mc_status mci_shared_end(mci_shared *s, mci_turn *turn, mci_batch *b, mci_deadline dl, mci_outcome *out);

/* The server is not to be used any more: who waits is told that the connection was closed. */
void mci_shared_drop(mci_shared *s);

/* Send the batch and do not wait. 0: it was taken, and is empty now; -1: there is no connection, nothing was done. */
int mci_shared_post(mci_shared *s, mci_batch *b, mci_posted_fn fn, void *ctx);

#endif
