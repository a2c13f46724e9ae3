/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can Redis be used for what a cache needs? A server that answers may still refuse: full, read-only, a replica without its
 * primary, an account without a permission, no scripts, a cluster. Each refusal is told by flag, counter, gauge and log line.
 */
#ifndef MCI_ENGINE_HEALTH_H
#define MCI_ENGINE_HEALTH_H

#include "engine/call.h"

/* Redis cannot be used in this call, and this is why. */
void mci_health_refused(mci_call *c, const char *why);
/* A commit stored something, so Redis can be used; or it found Redis full. */
void mci_health_of_commit(mci_call *c, const mci_op_commit *k);

/*
 * Ask by PING, which goes out even while Redis is left alone, and by an operation that writes and reads. MC_OK: it can be used.
 * `*lasting` (may be NULL) becomes 1 when the refusal will not end by waiting: a permission, a cluster, a read-only server, scripts
 * turned off, another database's values (`adopt`: take them over, by dropping them).
 */
mc_status mci_health_ask(mci_engine *e, mci_deadline dl, int adopt, int *lasting, mc_error *err);

#endif
