/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the place of a fixture's one Redis: MFLIX_TOPOLOGY=sentinel, cluster or tls. Tests that take the server away, or look into it as if there
 * were one, are left out then; everything else has to hold there as well.
 */
#ifndef SUPPORT_STAND_IN_H
#define SUPPORT_STAND_IN_H

#include "servers.h"

typedef enum stand_in_kind { STAND_IN_ONE = 0, STAND_IN_SENTINEL, STAND_IN_CLUSTER, STAND_IN_TLS } stand_in_kind;

/* What MFLIX_TOPOLOGY says. */
stand_in_kind stand_in_wanted(void);

#define STAND_IN_NODES 3

typedef struct stand_in stand_in;

/* Start it. `redis` receives its URI, and the port of a server without TLS for the test's own commands where there is one. */
stand_in *stand_in_start(stand_in_kind kind, srv *redis);
void stand_in_stop(stand_in *p, srv *redis);

/* Ports of the nodes that a command of the test's own is for; returns how many. 0: it asks one server about itself, and there are several. */
int stand_in_ports(const stand_in *p, int argc, const char *const *argv, int out[STAND_IN_NODES]);
/* cache.topology_check_ms of the clients. */
const char *stand_in_check_ms(const stand_in *p);
/* The key of the epoch of what lies in the key's slot; MCI_KEY_MAX bytes. */
void stand_in_epoch_key(const stand_in *p, const char *key, char *out);

#endif
