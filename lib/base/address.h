/* SPDX-License-Identifier: Apache-2.0 */
/* Where Redis and the store are: the parsed form of cache.uri (lib/redis/uri.c) and store.uri (lib/store/uri.c), as settings keep it. */
#ifndef MCI_BASE_ADDRESS_H
#define MCI_BASE_ADDRESS_H

#define MCI_URI_MAX 1024 /* longest URI with its NUL */

/* How many servers, and who knows which of them is asked. */
typedef enum mci_topology { MCI_SINGLE = 0, MCI_SENTINEL, MCI_CLUSTER } mci_topology;

#define MCI_SEEDS_MAX 16 /* sentinels, or nodes of a cluster, in one URI */

typedef struct mci_redis_addr {
    char host[256];     /* name or address, an IPv6 literal without its brackets; "" with a unix socket */
    int port;           /* 1 to 65535; 0 with a unix socket */
    char path[108];     /* unix socket; "" with TCP */
    char user[256];     /* "" when there is none */
    char password[512]; /* "" when there is none */
    int db;             /* 0 to 65535 */
    mci_topology topology;
    char seeds[512];   /* of sentinels or a cluster: "host:port,host:port", checked; host and port are the first of them */
    char service[128]; /* of sentinels: the name of what they watch */
    int bare;          /* it is a sentinel: only AUTH and what is asked for, since it knows few commands */
    int tls;           /* rediss:// */
} mci_redis_addr;

typedef enum mci_store_kind { MCI_STORE_MONGODB = 0, MCI_STORE_SQLITE = 1 } mci_store_kind;

typedef struct mci_store_addr {
    mci_store_kind kind;
    char text[MCI_URI_MAX]; /* MongoDB: the URI, for the driver to read; SQLite: the file's name, or ":memory:" */
} mci_store_addr;

#endif
