/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a Redis server, taken out of its URI. Knows no option names: a query is for the option table. */
#ifndef MCI_REDIS_URI_H
#define MCI_REDIS_URI_H

#include <mflixcache/error.h>
#include <stddef.h>

typedef struct mci_redis_addr {
    char host[256];     /* name or address, an IPv6 literal without its brackets; "" with a unix socket */
    int port;           /* 1 to 65535; 0 with a unix socket */
    char path[108];     /* unix socket; "" with TCP */
    char user[256];     /* "" when there is none */
    char password[512]; /* "" when there is none */
    int db;             /* 0 to 65535 */
} mci_redis_addr;

/*
 * redis://[[user]:[password]@]host[:port][/db][?db=n] or unix://[[user]:[password]@]/path[?db=n], percent-encoded where
 * needed. Everything else in a query is an error here. MC_OK, MC_E_URI, MC_E_TLS (rediss://). Error texts never show the URI.
 */
mc_status mci_redis_uri_parse(const char *uri, mci_redis_addr *out, mc_error *err);

/* Overwrite in a way the compiler may not leave out. */
void mci_redis_addr_wipe(mci_redis_addr *addr);

#endif
