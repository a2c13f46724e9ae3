/* SPDX-License-Identifier: Apache-2.0 */
/* One film, one handle and the servers that they lie on, for what is shown step by step. */
#ifndef TESTS_FAILOVER_STAGE_H
#define TESTS_FAILOVER_STAGE_H

#include "memstore.h"
#include "topology.h"

#include <mflixcache/mflixcache.h>

#define FILM "573a1390f29313caabcd4801"

typedef enum stage_kind { STAGE_ONE = 0, STAGE_SENTINEL, STAGE_CLUSTER } stage_kind;

typedef struct stage {
    stage_kind kind;
    topology t; /* one server: node 0 */
    memstore mem;
    mc_client *mc;
} stage;

/* The film has the rating 1. */
void stage_set_up(stage *g, stage_kind kind);
void stage_take_down(stage *g);
/* One more handle, with options as key, value, ... NULL. */
mc_client *stage_open(stage *g, ...) __attribute__((sentinel));
/* Of the film. */
double stage_rating(mc_client *mc, mc_info *info);
/* Read until it comes from Redis. */
void stage_cache(mc_client *mc, double rating);
/* The slot of the film; 0 where there are none. */
int stage_slot(stage *g);

#endif
