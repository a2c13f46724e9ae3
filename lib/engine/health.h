/* SPDX-License-Identifier: Apache-2.0 */
/* Can Redis be used for what a cache needs? Asked at open and by mc_ping(). */
#ifndef MCI_ENGINE_HEALTH_H
#define MCI_ENGINE_HEALTH_H

#include "engine/engine.h"

/*
 * Ask by PING, which goes out even while Redis is left alone, and by an operation that writes and reads. MC_OK: it can be used.
 * `*lasting` (may be NULL) becomes 1 when the refusal will not end by waiting: a permission, a cluster, a read-only server, scripts
 * turned off, another database's values (`adopt`: take them over, by dropping them).
 */
mc_status mci_health_ask(mci_engine *e, mci_deadline dl, int adopt, int *lasting, mc_error *err);

#endif
