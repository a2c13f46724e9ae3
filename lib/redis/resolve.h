/* SPDX-License-Identifier: Apache-2.0 */
/* From a host's name to its addresses, which are kept for a while. */
#ifndef MCI_REDIS_RESOLVE_H
#define MCI_REDIS_RESOLVE_H

#include "base/address.h"
#include "base/clock.h"
#include <stdatomic.h>
#include <stddef.h>
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
    int error;        /* of the last question, when n is 0 */
} mci_addresses;

/*
 * Fill `a` for the host, unless it has addresses that may still be right. What a resolver says is kept for 30 s, or 5 minutes when it took more than a
 * second; when all addresses have failed it is asked sooner, after 1 s or 30 s. An address in place of a name asks nobody, nor does localhost. By c-ares it ends at the
 * deadline; in a build without it the system's resolver is asked in this thread and takes as long as it takes (the library starts no
 * thread, and there is no other way to end getaddrinfo()). 0, or an error for mci_resolve_text().
 */
int mci_resolve(const mci_redis_addr *host, mci_deadline dl, mci_addresses *a);

#define MCI_RESOLVE_LATE (-1000) /* the deadline passed; others are getaddrinfo()'s */

const char *mci_resolve_text(int error);

#ifdef MCI_TEST_HOOKS
/* Name servers in place of the system's ("127.0.0.1:5353"); NULL: the system's. Constant text. */
extern _Atomic(const char *) mci_resolve_servers;
#endif

#endif
