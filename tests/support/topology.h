/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redis as people run it: a primary with two replicas and three Sentinels, or a cluster of three primaries and three replicas. Every server is a process of
 * the test's own on a free port; what replicas hear can be held back, so that one is promoted that knows less than was acknowledged.
 */
#ifndef SUPPORT_TOPOLOGY_H
#define SUPPORT_TOPOLOGY_H

#include "proxy.h"
#include "servers.h"

#define TOPOLOGY_NODES 6

typedef struct topology {
    int cluster;
    int direct; /* every node announces where it is: there are no links */
    int n;      /* nodes: 3 or 6; of a cluster the first three begin as primaries, and node i + 3 as replica of node i */
    srv node[TOPOLOGY_NODES];
    srv sentinel[3];
    proxy link
        [TOPOLOGY_NODES]; /* the address that node i announces: replicas and Sentinels reach it there, the library by cache.nat_map */
    char uri[512]; /* for the library */
    char nat[512]; /* cache.nat_map */
    char args[TOPOLOGY_NODES][6][24];
} topology;

/* A group that Sentinels call "films"; they notice a dead primary after a second. */
void topology_start_sentinel(topology *t);
void topology_start_cluster(topology *t);
/* Three nodes that are reached where they say, for tests that take none away: a primary and two replicas, or a cluster of three primaries. */
void topology_start_direct(topology *t, int cluster);
void topology_stop(topology *t);

/* Number of the node that is primary (of the slot, in a cluster) for a majority of the others; -1: there is none now. */
int topology_primary(topology *t, int slot);
/* Wait until it is another than `old`; its number. Fails the test after a minute. */
int topology_await_other(topology *t, int slot, int old);
/* Wait until every node that runs has its place and follows its primary without delay. */
void topology_await_calm(topology *t);
/* Wait until every replica of the node has what it has. */
void topology_await_copies(topology *t, int node);
/* Replicas of the node hear nothing from now on, or hear again. */
void topology_hold_replicas(topology *t, int node, int hold);
/* Replicas and Sentinels do not reach the node any more, or do again; whoever knows where it is does all the time. */
void topology_cut(topology *t, int node, int cut);
/* A command to one node; the reply as text (free()), NULL when it is not reached. */
char *topology_ask(const srv *s, const char *command);
/* Move a slot to the node, key by key, as an operator does. */
void topology_move_slot(topology *t, int slot, int to);

#endif
