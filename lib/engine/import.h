/* SPDX-License-Identifier: Apache-2.0 */
/* Many documents at once into the store, announced and settled like single writes, each step for all of them together. */
#ifndef MCI_ENGINE_IMPORT_H
#define MCI_ENGINE_IMPORT_H

#include "engine/call.h"

/* `replace`: documents that are there are replaced; else they stay and are MC_E_EXISTS. A status for each; MC_OK unless nothing can be said
 * about any. The call's error record is about the first document that was refused. */
mc_status mci_import(mci_call *c, mci_coll *coll, const char *const *json, const size_t *sizes, size_t n, int replace,
                     mc_status *statuses);

#endif
