/* SPDX-License-Identifier: Apache-2.0 */
/* From a host's name to a connected socket: its addresses, kept; and attempts at them, staggered within one deadline. */
#ifndef MCI_REDIS_CONNECT_H
#define MCI_REDIS_CONNECT_H

#include "base/clock.h"
#include "redis/uri.h"
#include <sys/socket.h>

#define MCI_ADDRESSES_MAX 8

/* What a name resolves to. A plain value: copied in and out of the pool under its lock. */
typedef struct mci_addresses {
    size_t n;
    struct {
        struct sockaddr_storage sa;
        socklen_t len;
    } at[MCI_ADDRESSES_MAX];
    int stale;        /* none of them could be connected: ask for the name again when that is allowed */
    int64_t asked_ns; /* when the name was last asked for; 0: never */
    int64_t took_ns;  /* how long that took */
    int error;        /* of getaddrinfo(), when n is 0 */
} mci_addresses;

/*
 * Fill `a` for the host, unless it has addresses that may still be right. The system's resolver is asked in this thread and takes as long
 * as it takes (the library starts no thread, and there is no other way to end getaddrinfo()). So what it says is kept for 30 s, or 5 minutes when it took
 * more than a second; when all addresses have failed it is asked sooner, after 1 s or 30 s. 0, or an error of getaddrinfo().
 */
int mci_resolve(const mci_redis_addr *host, mci_addresses *a);

/*
 * Connect to the first address that answers. The second is tried as soon as the first has failed, or has not answered for its share of the time (at
 * most 100 ms); and so on, the earlier attempts going on. The winner moves to the front. An errno; 0: `*fd` is connected and blocking.
 */
int mci_connect_any(mci_addresses *a, mci_deadline dl, int *fd);

#endif
