/* SPDX-License-Identifier: Apache-2.0 */
/* An engine over a scripted cache and a database in memory, with movies as its collection. */
#ifndef SUPPORT_ENGINE_KIT_H
#define SUPPORT_ENGINE_KIT_H

#include "engine/call.h"
#include "fake_cache.h"
#include "fixture.h"

typedef struct engine_kit {
    fake_cache cache;
    memstore mem;
    mci_engine *engine;
    mci_coll *movies;
    mci_log log;
    mc_info info;
    mc_error err;
} engine_kit;

/* Options as key, value, ... NULL. */
void engine_kit_start(engine_kit *k, ...) __attribute__((sentinel));
void engine_kit_stop(engine_kit *k);
/* Orders and trace forgotten, the database as fixture_reset() leaves it, nothing queued. */
void engine_kit_reset(engine_kit *k);
/* A call with its own record, and time enough. */
mci_call engine_kit_call(engine_kit *k);
mc_stats engine_kit_stats(const engine_kit *k);

#endif
