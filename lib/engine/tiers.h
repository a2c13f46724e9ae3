/* SPDX-License-Identifier: Apache-2.0 */
/* The tiers that reads ask, as an ordered list. */
#ifndef MCI_ENGINE_TIERS_H
#define MCI_ENGINE_TIERS_H

#include "base/settings.h"
#include <mflixcache/error.h>
#include <stddef.h>

#define MCI_TIERS_CAP 4

typedef struct mci_tiers {
    enum mc_tier order[MCI_TIERS_CAP]; /* MC_TIER_REDIS, MC_TIER_SNAPSHOT, MC_TIER_STORE */
    size_t n;
} mci_tiers;

/* What an option says. */
mci_tiers mci_tiers_of(mci_read_tiers option);
/* 1 when the tier is among them. */
int mci_tiers_have(const mci_tiers *t, enum mc_tier tier);

#endif
