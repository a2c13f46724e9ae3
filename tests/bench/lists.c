// SPDX-License-Identifier: Apache-2.0
/* Owns: lists with their details against the same by hand: ranks (S8), places nearby (S10), and circles that are hard on a map (S10). */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int count; /* rows asked for */
static double radius;
static size_t no_hits; /* answers that were not from the cache alone: the row says so */

static void lib_top(uint32_t key)
{
    mc_list *rows = NULL;
    mc_info info;
    (void)key;
    if (mc_top_movies(bench.mc, 0, count, &rows, &info, NULL) != MC_OK)
        die("mc_top_movies", "failed");
    no_hits += info.cache != MC_CACHE_HIT;
    mc_list_free(rows);
}

static void hand_top(const char *command)
{
    redisReply *list = redisCommand(bench.rc, "ZREVRANGE board 0 %d WITHSCORES", count - 1);
    hand_list(bench.rc, list, 2, command);
    freeReplyObject(list);
}

static void hand_top_hashes(uint32_t key)
{
    (void)key;
    hand_top("HGETALL hash:%s");
}

static void hand_top_json(uint32_t key)
{
    (void)key;
    hand_top("GET plain:%s");
}

/* A list is whole once it has been built, which several calls may take; ids that were just written are looked at again after a second. */
static void until_settled(void (*call)(uint32_t key))
{
    double until = now_us() + 5e6;
    unsigned quiet = 0;
    while (quiet < (bench.tiny ? 3U : 300U) && now_us() < until) {
        no_hits = 0;
        for (uint32_t i = 0; i < 10; i++)
            call(i);
        quiet = no_hits == 0 ? quiet + 1 : 0;
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    no_hits = 0;
}

static void no_hits_said(char *what, size_t size)
{
    size_t used = strlen(what);
    if (no_hits > 0)
        (void)snprintf(what + used, size - used, "; %zu answers were no hits", no_hits);
}

static void top(int rows, double same, double cross)
{
    char what[100];
    char id[8];
    struct contender c[] = {{.name = "mc_top_movies", .call = lib_top},
                            {.name = "ZREVRANGE, then HGETALL of each plain hash in a pipeline", .call = hand_top_hashes},
                            {.name = "ZREVRANGE, then GET of each JSON in a pipeline", .call = hand_top_json}};
    size_t calls = bench.calls / (rows > 10 ? 10 : 2);
    count = rows;
    until_settled(lib_top);
    take_turns(c, 3, bench.uniform, bench.rounds, calls > 0 ? calls : 1);
    (void)snprintf(what, sizeof what, "top %d with details", rows);
    no_hits_said(what, sizeof what);
    (void)snprintf(id, sizeof id, "S8.%d", rows);
    result(id, what, c[1].name, "us", c[0].us, c[1].us, c[1].ratio,
           (struct goal){AT_MOST, bench.regime == SAME ? same : cross});
    (void)snprintf(id, sizeof id, "S8.%db", rows);
    result(id, what, c[2].name, "us", c[0].us, c[2].us, c[2].ratio, (struct goal){AT_MOST, 0});
}

void s8_top(void)
{
    top(10, 0.55, 0.46);
    top(100, 0.60, 0.55);
}

/* Around another place each time: real users are not all in one. */
static void centre(uint32_t key, double *lon, double *lat)
{
    *lon = -120 + (double)(key % 50);
    *lat = 30 + (double)(key / 50 % 16);
}

static void lib_nearby(uint32_t key)
{
    mc_list *rows = NULL;
    mc_info info;
    double lon;
    double lat;
    centre(key, &lon, &lat);
    if (mc_nearby_theaters(bench.mc, lon, lat, radius, 10, &rows, &info, NULL) != MC_OK)
        die("mc_nearby_theaters", "failed");
    no_hits += info.cache != MC_CACHE_HIT;
    mc_list_free(rows);
}

static void hand_nearby(uint32_t key, const char *command)
{
    double lon;
    double lat;
    centre(key, &lon, &lat);
    redisReply *list =
        redisCommand(bench.rc, "GEOSEARCH places FROMLONLAT %f %f BYRADIUS %f m ASC COUNT 10 WITHDIST", lon, lat, radius);
    if (list != NULL && list->type == REDIS_REPLY_ARRAY && list->elements > 0)
        hand_list(bench.rc, list, 1, command);
    freeReplyObject(list);
}

static void hand_nearby_hashes(uint32_t key)
{
    hand_nearby(key, "HGETALL place:%s");
}

static void hand_nearby_json(uint32_t key)
{
    hand_nearby(key, "GET placejson:%s");
}

static void nearby(const char *id, double km, double target)
{
    char what[120];
    char other[16];
    struct contender c[] = {{.name = "mc_nearby_theaters", .call = lib_nearby},
                            {.name = "GEOSEARCH, then HGETALL of each plain hash in a pipeline", .call = hand_nearby_hashes},
                            {.name = "GEOSEARCH, then GET of each JSON in a pipeline", .call = hand_nearby_json}};
    radius = km * 1000;
    until_settled(lib_nearby);
    take_turns(c, 3, bench.uniform, bench.rounds, bench.calls / 4 > 0 ? bench.calls / 4 : 1);
    (void)snprintf(what, sizeof what, "10 places nearby, within %.0f km, around 800 places", km);
    no_hits_said(what, sizeof what);
    result(id, what, c[1].name, "us", c[0].us, c[1].us, c[1].ratio, (struct goal){AT_MOST, target});
    (void)snprintf(other, sizeof other, "%sb", id);
    result(other, what, c[2].name, "us", c[0].us, c[2].us, c[2].ratio, (struct goal){AT_MOST, 0});
}

void s10_nearby(void)
{
    nearby("S10.200", 200, 0.8);
    nearby("S10.5k", 5000, 0.5);
}

/* ---- many places, and circles that a map cannot show as a circle */

static const struct circle {
    const char *name;
    double lon, lat, km;
} circles[] = {{"the north, at the end of the map, 500 km", 0, 85, 500},
               {"the south pole, 3,000 km", 10, -80, 3000},
               {"Fiji on the antimeridian, 50 km", 179.99, -17, 50},
               {"the antimeridian, 2,000 km", -179.5, 50, 2000},
               {"half the world, 10,000 km", -95, 38, 10000},
               {"the whole world, 20,000 km", 20, 10, 20000},
               {"5,000 km", -95, 38, 5000},
               {"200 km", -95, 38, 200}};

/* Milliseconds of the middle call of seven, with the set whole. */
static double circle_ms(mc_client *mc, const struct circle *c, bool *from_store)
{
    double ms[7];
    for (size_t i = 0; i < 7; i++) {
        mc_list *rows = NULL;
        mc_info info;
        double t0 = now_us();
        if (mc_nearby_theaters(mc, c->lon, c->lat, c->km * 1000, 10, &rows, &info, NULL) != MC_OK)
            die("mc_nearby_theaters", c->name);
        ms[i] = (now_us() - t0) / 1e3;
        *from_store = *from_store || (i > 0 && info.cache != MC_CACHE_HIT);
        mc_list_free(rows);
    }
    return median(ms, 7);
}

void s10_circles(void)
{
    char store[600];
    char what[160];
    const char *places = bench.tiny ? "2000" : bench.quick ? "10000" : "100000";
    bool from_store = false;
    size_t slowest = 0;
    double worst = 0;
    mc_stats stats;
    (void)snprintf(store, sizeof store, "sqlite:%s/places.db", bench.dir);
    (void)run_mflix(store, "places:", (const char *[]){"generate", "--load", "--movies", "1", "--theaters", places, NULL});
    mc_client *mc = open_client(&bench.redis, store, "places:");
    mc_info info = {.cache = MC_CACHE_NONE};
    for (int i = 0; i < 5000 && info.cache != MC_CACHE_HIT; i++) {
        mc_list *rows = NULL;
        (void)mc_nearby_theaters(mc, -95, 38, 100000, 10, &rows, &info, NULL);
        mc_list_free(rows);
    }
    for (size_t i = 0; i < sizeof circles / sizeof *circles; i++) {
        double ms = circle_ms(mc, &circles[i], &from_store);
        if (ms > worst) {
            worst = ms;
            slowest = i;
        }
    }
    (void)mc_get_stats(mc, &stats);
    (void)snprintf(what, sizeof what, "%s places, any circle; slowest: %s%s%s", places, circles[slowest].name,
                   from_store ? "; some were answered by the store" : "",
                   stats.redis_errors > 0 ? "; Redis was taken for broken" : "");
    result_limit("S10.all", what, "ms", worst, AT_MOST, 5);
    (void)mc_close(mc);
}
