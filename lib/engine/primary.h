/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a write owes to a cache whose primary may be replaced while it runs (Sentinel, a cluster): others may go on with the old primary for
 * cache.topology_check_ms, and what the old one was told the new one may not know. docs/consistency.md has the rules, tests/model walks them. Where
 * nothing moves none of this does anything.
 */
#ifndef MCI_ENGINE_PRIMARY_H
#define MCI_ENGINE_PRIMARY_H

#include "engine/call.h"

/* The list is run by who is primary from now on, or not at all: after the store has answered, before anybody is told. */
void mci_primary_confirm(const mci_call *c, mci_ops *ops);

/* Before the store is written: wait until everybody knows of a new primary. MC_OK, or MC_E_TIMEOUT: the deadline comes first. */
mc_status mci_primary_hold(mci_call *c);

#endif
