/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All servers of one cache, and which of them is asked: one server, the primary that Sentinels name, or the node of a cluster that has the slot. Who that is
 * may change while calls are under way; what a server answers that is not asked any more is not used. Safe from any thread; no thread of its own.
 */
#ifndef MCI_REDIS_SERVERS_H
#define MCI_REDIS_SERVERS_H

#include "redis/cluster.h"
#include "redis/redis.h"

typedef struct mci_servers mci_servers;

typedef struct mci_servers_options {
    mci_redis_options redis; /* its address says how many there are */
    char sentinel_user[256];
    char sentinel_password[512];
    char nat_map[512];
    int64_t check_ms; /* how old the answer to "who is primary" may be */
} mci_servers_options;

/* No I/O. The random source, metrics and log are borrowed and outlive it. */
mc_status mci_servers_open(const mci_servers_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log,
                           mci_servers **out, mc_error *err);
void mci_servers_close(mci_servers *s);

/* 1: keys are spread over nodes by slot. */
int mci_servers_have_slots(const mci_servers *s);

/*
 * Before anything is asked: learn who is primary, unless that was asked not long ago and, when `after_ns` is not 0, after that instant. MC_OK, or why it is
 * not known: MC_E_CACHE, MC_E_TIMEOUT, MC_E_AUTH.
 */
mc_status mci_servers_ready(mci_servers *s, int64_t after_ns, mci_deadline dl, mc_error *err);
/* May what has been answered now be used: is it still known who is primary? */
int mci_servers_are_known(const mci_servers *s);
/* The number of the switch by which the present primary is it: a server that is primary again, and has not noticed that it was not, still has its term. 0 where nothing switches. */
int64_t mci_servers_switch(const mci_servers *s);
/* Monotonic time when the primary last changed, or may have: 0 when it cannot. */
int64_t mci_servers_changed_ns(const mci_servers *s);

/* Who is asked about the slot, which only a cluster looks at; NULL: nobody is known. */
mci_redis *mci_servers_of(mci_servers *s, int slot);
/* Everybody who is asked about some slot; returns how many. */
size_t mci_servers_all(mci_servers *s, mci_redis *out[MCI_NODES_MAX]);

/* As mci_redis_exec_all(); what was redirected is followed. */
void mci_servers_exec(mci_servers *s, mci_redis_part *part, size_t n, mci_deadline dl);
/* Of a batch that was posted to `r`: is who it was posted to still right? */
void mci_servers_posted(mci_servers *s, mci_redis *r, const mci_batch *b);

/* PING that goes out even while breakers are open: to everybody. */
mc_status mci_servers_ping(mci_servers *s, mci_deadline dl, mc_error *err);
/* The clock of the servers in milliseconds, estimated; 0: not known yet. Of a cluster the clock of one node. */
int64_t mci_servers_now_ms(mci_servers *s);
int mci_servers_are_up(mci_servers *s);

#endif
