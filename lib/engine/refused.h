/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that answers may still refuse what a cache needs: full, read-only, a replica without its primary, an account without a
 * permission, no scripts. Each refusal is reported by flag, counter and gauge; the log has a line when it begins, once
 * a minute while it lasts, and when it ends.
 */
#ifndef MCI_ENGINE_REFUSED_H
#define MCI_ENGINE_REFUSED_H

#include "engine/engine.h"

/* Redis cannot be used in this call, and this is why. */
void mci_refused(mci_engine *e, mc_info *info, const char *why);
/* A commit stored something, so Redis can be used; or it found Redis full. */
void mci_refused_commit(mci_engine *e, mc_info *info, const mci_op_commit *k);
#ifdef MCI_TEST_HOOKS
extern int64_t mci_refused_again_ns; /* between two lines while it lasts */
#endif

/* Gauge and log line alone. */
void mci_refused_tell(mci_engine *e, int refused, const char *why);

#endif
