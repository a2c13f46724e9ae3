/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads by the unique key of a collection (a title). The cache holds where a key leads, as a hint that is checked and never believed: the
 * document it leads to must carry the key. Only two things could go wrong unseen, a cached "none" that hides an insert and a
 * lower id that appears, and writers announce both on the key's own quarantine. Of several documents it is the lowest id.
 */
#ifndef MCI_INDEX_UNIQUE_H
#define MCI_INDEX_UNIQUE_H

#include "engine/call.h"

mc_status mci_unique_read(mci_call *c, mci_coll *coll, const char *text, size_t len, mci_want want, mci_doc **out);
/* Id of the document with this key: MC_OK, MC_NOT_FOUND, or an error. Asks the store when the cache does not know. */
mc_status mci_unique_id(mci_call *c, mci_coll *coll, const char *text, size_t len, char id[MCI_ID_CAP]);

#endif
