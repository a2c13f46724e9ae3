/* SPDX-License-Identifier: Apache-2.0 */
/* Which store a URI names, and what is left for that store to read. */
#ifndef MCI_STORE_URI_H
#define MCI_STORE_URI_H

#include "base/address.h"
#include <mflixcache/error.h>

/* mongodb://..., mongodb+srv://... (the driver reads the rest of it), sqlite:FILE, sqlite::memory:. MC_OK, MC_E_URI. Error texts begin
 * with "store.uri: " and never show the URI. */
mc_status mci_store_uri_parse(const char *uri, mci_store_addr *out, mc_error *err);

#endif
