/* SPDX-License-Identifier: Apache-2.0 */
/* What a session has of its own beside the engine that it shares: the settings of its calls, and its record. */
#ifndef MCI_ENGINE_SESSION_H
#define MCI_ENGINE_SESSION_H

#include "engine/record.h"
#include "engine/tiers.h"

typedef struct mci_session {
    int64_t timeout_ms; /* call.timeout_ms */
    int64_t max_age_ms; /* read.max_age_ms; -1: any age */
    mci_tiers tiers;    /* read.tiers */
    mci_record record;
} mci_session;

#endif
