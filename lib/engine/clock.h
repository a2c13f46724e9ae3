/* SPDX-License-Identifier: Apache-2.0 */
/* By which clock values are dated, expired and aged. */
#ifndef MCI_ENGINE_CLOCK_H
#define MCI_ENGINE_CLOCK_H

#include "engine/engine.h"

/* The cache's clock now, or the wall clock before the first contact. */
int64_t mci_cache_now_ms(const mci_engine *e);
/* The clock by which values are dated, expired and aged: the cache's, unless mc_set_clock() set another. */
int64_t mci_clock(const mci_engine *e);
/* The same when the cache has just said its time. */
int64_t mci_clock_at(const mci_engine *e, int64_t cache_ms);
/* How old what was written then is, by that clock; 0 when it is of the future. */
int64_t mci_age_ms(const mci_engine *e, int64_t written_ms);

#endif
