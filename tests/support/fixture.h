/* SPDX-License-Identifier: Apache-2.0 */
/* One Redis, one database in memory, two clients on them (two handles are two processes as far as the protocol goes). */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include "memstore.h"
#include "servers.h"
#include "stand_in.h"

#include <mflixcache/mflixcache.h>

/* Ids used by tests. */
#define ID1 "573a1390f29313caabcd4801"
#define ID2 "573a1390f29313caabcd4802"
#define ID3 "573a1390f29313caabcd4803"

typedef struct fixture {
    srv redis;
    memstore mem;
    mc_client *a;
    mc_client *b;
    void *rc[STAND_IN_NODES]; /* plain connections of the test's own */
    stand_in *stand_in;       /* what stands in the server's place; NULL: nothing */
} fixture;

/* Start Redis and open two clients with the given options, as key, value, ... NULL. */
void fixture_start(fixture *f, ...) __attribute__((sentinel));
void fixture_stop(fixture *f);
/* Close the test's own connections. */
void fixture_hang_up(fixture *f);
/* The fixture's Redis alone, or what stands in its place. */
void fixture_start_redis(fixture *f);
void fixture_stop_redis(fixture *f);
/* The rest of the test is about one server that is asked without TLS: left out with anything else in its place. */
void fixture_needs_one_server(fixture *f);
/* As if Redis had been running for long: an epoch, and derived sets of which is known that nobody writes. An empty Redis cannot know that, and
 * counts nobody as the only writer for a quarantine. */
void fixture_calm(fixture *f);
/* Empty Redis and database, make it calm, and give the database movies ID1 to ID3 with ratings 1, 2, 3 and titles "One", "Two", "Three". */
void fixture_reset(fixture *f);
/* One more client on the same Redis and database. */
mc_client *fixture_open(fixture *f, ...) __attribute__((sentinel));

/* A command of the test's own, as texts up to a NULL. The reply as text (free()): integers in decimal, arrays joined by
 * newlines, NULL for nil; errors begin with '-'. */
char *fixture_redis(fixture *f, ...) __attribute__((sentinel));
long long fixture_redis_int(fixture *f, ...) __attribute__((sentinel));

/* A number of INFO stats, of all servers together. */
long long fixture_redis_stat(fixture *f, const char *name);

/* Rating of a movie as a read tells it; -1: not found, -2: error. `info` may be NULL. */
double fixture_rating(mc_client *mc, const char *id, mc_info *info);
/* Rating in the database; -1: no such movie. */
double fixture_stored_rating(fixture *f, const char *id);
/* Rating on the board, by mc_top_movies(); -1: not there. */
double fixture_board_rating(mc_client *mc, const char *id);
/* A movie's document as the tests write it. */
void fixture_json(char out[512], const char *id, const char *title, double rating);
void fixture_sleep_ms(int ms);
/* The tier that a hit names: Redis, or this process. */
int fixture_trips(int redis); /* exchanges with Redis where so many are made; none in memory */
enum mc_tier fixture_tier(void);
/* Asks for a board and for places until what they need is whole: each call builds a slice, and the store answers meanwhile. */
void fixture_build_lists(mc_client *mc);
/* The top out of a board that is there: after a slow write the database may answer once more. */
void fixture_warm_top(mc_client *mc, int64_t count, mc_list **out, mc_info *info);

#endif
