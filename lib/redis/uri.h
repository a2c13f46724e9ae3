/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a Redis server, taken out of its URI. Knows no option names: they are for whoever asks. */
#ifndef MCI_REDIS_URI_H
#define MCI_REDIS_URI_H

#include "base/address.h"
#include <mflixcache/error.h>

/* Told of each name=value of a query but db, percent-decoded. An error ends the parsing, and is what it returns. */
typedef mc_status (*mci_uri_option_fn)(void *user, const char *name, const char *value, mc_error *err);

/*
 * redis://[[user]:[password]@]host[:port][/db][?db=n&name=value...], unix://[[user]:[password]@]/path[?...],
 * redis+sentinel://[[user]:[password]@]host[:port][,host[:port]...]/service[/db][?...] or redis+cluster://[[user]:[password]@]host[:port][,...][?...],
 * with rediss in place of redis for TLS, percent-encoded where needed. `option` is told of the query's other parameters; NULL: there may be none. MC_OK, MC_E_URI, MC_E_TLS (rediss in a build without TLS), or what
 * `option` returned. Error texts never show the URI.
 */
mc_status mci_redis_uri_parse(const char *uri, mci_redis_addr *out, mci_uri_option_fn option, void *user, mc_error *err);

/* The next "host:port" of `seeds` into `host` and `port`; where the one after it begins, or NULL when there is none left. */
const char *mci_redis_seed(const char *seeds, char host[256], int *port);

/* Overwrite in a way the compiler may not leave out. */
void mci_redis_addr_wipe(mci_redis_addr *addr);

#endif
