/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write-through of one document: announce (acknowledged by the cache) -> store -> settle, as docs/consistency.md says. The modes of
 * write.mode: safe, fast (no announcement), strict (no write without the cache).
 */
#ifndef MCI_ENGINE_WRITE_H
#define MCI_ENGINE_WRITE_H

#include "engine/call.h"

mc_status mci_write_create(mci_call *c, mci_coll *coll, const char *json, size_t len, mci_doc **out);
/* `patch` is consumed by the call in any case. */
mc_status mci_write_update(mci_call *c, mci_coll *coll, const char *id, mci_patch *patch, mci_doc **out);
mc_status mci_write_delete(mci_call *c, mci_coll *coll, const char *id);

#endif
