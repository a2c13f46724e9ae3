/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of a Redis Cluster and which of them has which slot, as the nodes say (CLUSTER SLOTS). Nodes are never forgotten while it is open: a pointer to
 * one holds. Safe from any thread.
 */
#ifndef MCI_REDIS_CLUSTER_H
#define MCI_REDIS_CLUSTER_H

#include "redis/redis.h"
#include "redis/slot.h"

#define MCI_NODES_MAX 256

typedef struct mci_cluster mci_cluster;

/*
 * `opt->addr` has the seeds; user and password are for every node. `nat` says where announced addresses are reached: "host:port=host:port,...", checked by
 * redis/nat.h; "" for none. No I/O.
 */
mc_status mci_cluster_open(const mci_redis_options *opt, const char *nat, mci_random *rnd, mci_metrics *metrics,
                           mci_log *log, mci_cluster **out, mc_error *err);
void mci_cluster_close(mci_cluster *c);

/* Who has the slot, as far as is known; NULL: nobody. */
mci_redis *mci_cluster_of(mci_cluster *c, int slot);
/* Have nodes ever said who has the slots? */
int mci_cluster_is_known(mci_cluster *c);
/* Ask one node after another until one says who has which slot. One thread asks, at most every 50 ms; others go on with what is known. */
mc_status mci_cluster_learn(mci_cluster *c, mci_deadline dl, mc_error *err);
/* The node at an announced address; `asked` is who named it, whose host is meant when `host` is "". NULL: there are too many, or memory is short. */
mci_redis *mci_cluster_at(mci_cluster *c, mci_redis *asked, const char *host, int port);
/* A node has said that this slot is there. */
void mci_cluster_moved(mci_cluster *c, int slot, mci_redis *node);
/* Every node that has a slot; returns how many. */
size_t mci_cluster_primaries(mci_cluster *c, mci_redis *out[MCI_NODES_MAX]);

#endif
