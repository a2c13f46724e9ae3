/* SPDX-License-Identifier: Apache-2.0 */
/* Joining settings, cache and store into one engine, and taking it apart. */
#ifndef MCI_ENGINE_OPEN_H
#define MCI_ENGINE_OPEN_H

#include "engine/engine.h"

/* Opens the cache (no I/O) and takes the store over on success. `log` is borrowed. */
mc_status mci_engine_open(const mci_settings *set, mci_store *store, mci_log *log, mci_engine **out, mc_error *err);
/* The same on a cache that is open already, and is taken over as well. */
mc_status mci_engine_open_on(const mci_settings *set, mci_cache *cache, mci_store *store, mci_log *log, mci_engine **out,
                             mc_error *err);
void mci_engine_close(mci_engine *e);

/* Register a collection; before any call. `ttl_ms` is for its values. */
mc_status mci_engine_add(mci_engine *e, const mci_spec *spec, int64_t ttl_ms, mci_coll **out, mc_error *err);

extern const mci_store_env mci_engine_store_env;

#endif
