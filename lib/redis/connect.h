/* SPDX-License-Identifier: Apache-2.0 */
/* From addresses to a connected socket: attempts, staggered within one deadline. */
#ifndef MCI_REDIS_CONNECT_H
#define MCI_REDIS_CONNECT_H

#include "base/clock.h"
#include "redis/resolve.h"

/*
 * Connect to the first address that answers. The second is tried as soon as the first has failed, or has not answered for its share of the time (at
 * most 100 ms); and so on, the earlier attempts going on. The winner moves to the front. An errno; 0: `*fd` is connected and blocking.
 */
int mci_connect_any(mci_addresses *a, mci_deadline dl, int *fd);

#endif
