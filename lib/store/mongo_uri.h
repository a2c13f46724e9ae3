/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a MongoDB: checked before the driver sees it. */
#ifndef MCI_STORE_MONGO_URI_H
#define MCI_STORE_MONGO_URI_H

#include "store/store.h"
#include <mongoc/mongoc.h>

/* opt->addr.text, with no time-out in it above `timeout_ms`. MC_OK, MC_E_URI, MC_E_TLS. mongoc_uri_destroy() it. */
mc_status mci_mongo_uri_parse(const mci_store_options *opt, int64_t timeout_ms, mongoc_uri_t **out, mc_error *err);

/* "mongodb:" with the hosts in order, or the SRV name, and the database: the same for every address of one database that differs in
 * anything else. malloc'ed; NULL when memory is short. */
char *mci_mongo_identity(const mongoc_uri_t *uri, const char *database);

#endif
