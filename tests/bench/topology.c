// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: a cluster of three primaries beside one server, in one run (S19): what a hit and a batch cost, how the commands spread, and the CPU of all servers. With --uri
 * the other side is what is given, of any kind, and only calls are measured: its servers belong to somebody else.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES 3
#define MANY 100

static mc_client *other; /* on the cluster, or on --uri */
static struct server node[NODES];
static redisContext *ask[NODES];

static void must(redisContext *rc, int argc, const char **argv)
{
    redisReply *r = redisCommandArgv(rc, argc, argv, NULL);
    if (r == NULL || r->type == REDIS_REPLY_ERROR)
        die(argv[1], r != NULL ? r->str : "no answer");
    freeReplyObject(r);
}

static void start_node(int i)
{
    char port[16];
    char file[32];
    node[i].port = free_port();
    while (node[i].port + 10000 > 65535) /* where the nodes speak with each other */
        node[i].port = free_port();
    (void)snprintf(port, sizeof port, "%d", node[i].port);
    (void)snprintf(file, sizeof file, "nodes-%d.conf", i);
    const char *argv[] = {"redis-server",
                          "--port",
                          port,
                          "--bind",
                          "127.0.0.1",
                          "--save",
                          "",
                          "--appendonly",
                          "no",
                          "--dir",
                          bench.dir,
                          "--cluster-enabled",
                          "yes",
                          "--cluster-config-file",
                          file,
                          "--cluster-announce-ip",
                          "127.0.0.1",
                          NULL};
    node[i].pid = spawn(argv, NULL, -1, -1);
    for (int tries = 0; tries < 200; tries++) {
        ask[i] = redisConnect("127.0.0.1", node[i].port);
        if (ask[i] != NULL && ask[i]->err == 0)
            return;
        redisFree(ask[i]);
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    die("redis-server", "a node does not answer");
}

static void give_slots(int i)
{
    static char text[5500][12];
    static const char *argv[5502] = {"CLUSTER", "ADDSLOTS"};
    int n = 0;
    for (int slot = i * 16384 / NODES; slot < (i + 1) * 16384 / NODES; slot++, n++) {
        (void)snprintf(text[n], sizeof text[n], "%d", slot);
        argv[n + 2] = text[n];
    }
    must(ask[i], n + 2, argv);
}

static bool is_ready(redisContext *rc)
{
    redisReply *r = redisCommand(rc, "CLUSTER INFO");
    bool ready = r != NULL && r->type == REDIS_REPLY_STRING && strstr(r->str, "cluster_state:ok") != NULL &&
                 strstr(r->str, "cluster_known_nodes:3") != NULL;
    freeReplyObject(r);
    return ready;
}

static void start_cluster(char *uri, size_t cap)
{
    char port[16];
    for (int i = 0; i < NODES; i++) {
        start_node(i);
        give_slots(i);
    }
    (void)snprintf(port, sizeof port, "%d", node[0].port);
    for (int i = 1; i < NODES; i++)
        must(ask[i], 4, (const char *[]){"CLUSTER", "MEET", "127.0.0.1", port});
    for (int i = 0; i < NODES; i++)
        for (int tries = 0; !is_ready(ask[i]); tries++) {
            check(tries < 400, "a cluster that is ready");
            (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
    (void)snprintf(uri, cap, "redis+cluster://127.0.0.1:%d,127.0.0.1:%d", node[0].port, node[1].port);
}

static void open_other(void)
{
    char uri[1024];
    char store[600];
    mc_error err;
    mc_options *o = mc_options_new();
    if (bench.uri != NULL)
        (void)snprintf(uri, sizeof uri, "%s", bench.uri);
    else
        start_cluster(uri, sizeof uri);
    (void)snprintf(store, sizeof store, "sqlite:%s/mflix.db", bench.dir);
    if (o == NULL || mc_options_load_env(o, &err) != MC_OK || mc_options_set(o, "cache.uri", uri, &err) != MC_OK ||
        mc_options_set(o, "store.uri", store, &err) != MC_OK || mc_options_set(o, "cache.prefix", "bench:", &err) != MC_OK ||
        mc_options_set(o, "store.adopt", bench.uri != NULL ? "true" : "false", &err) != MC_OK ||
        mc_options_set(o, "movies.ttl_ms", "3600000", &err) != MC_OK || mc_open(o, &other, &err) != MC_OK)
        die("cannot open the library on --uri or a cluster", err.text);
    mc_options_free(o);
}

static void hit(mc_client *mc, uint32_t key)
{
    const mc_movie *m = NULL;
    mc_info info;
    expect_hit(mc_get_movie(mc, bench.films[key].id, &m, &info, NULL), &info, "mc_get_movie");
    mc_movie_unref(m);
}

static void many(mc_client *mc, uint32_t key)
{
    const char *ids[MANY];
    const mc_movie *out[MANY];
    mc_status statuses[MANY];
    for (uint32_t i = 0; i < MANY; i++)
        ids[i] = bench.films[(key + i * 19) % HOT_KEYS].id;
    check(mc_get_movies(mc, ids, MANY, out, statuses, NULL, NULL) == MC_OK, "mc_get_movies");
    for (size_t i = 0; i < MANY; i++)
        mc_movie_unref(out[i]);
}

static void hit_other(uint32_t key)
{
    hit(other, key);
}

static void hit_one(uint32_t key)
{
    hit(bench.mc, key);
}

static void many_other(uint32_t key)
{
    many(other, key);
}

static void many_one(uint32_t key)
{
    many(bench.mc, key);
}

static void warm_on(mc_client *mc, const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const mc_movie *m = NULL;
        (void)mc_get_movie(mc, bench.films[keys[i]].id, &m, NULL, NULL);
        mc_movie_unref(m);
    }
}

static void warm_other(const uint32_t *keys, size_t n)
{
    warm_on(other, keys, n);
}

static void warm_one(const uint32_t *keys, size_t n)
{
    warm_on(bench.mc, keys, n);
}

/* ---- what the servers do ------------------------------------------------------------------------------------------ */

static void load(mc_client *mc, size_t calls)
{
    for (size_t i = 0; i < calls; i++) {
        const mc_movie *m = NULL;
        (void)mc_get_movie(mc, bench.films[key_at(bench.uniform, i)].id, &m, NULL, NULL);
        mc_movie_unref(m);
    }
}

/* The same calls to one server and to the cluster: CPU of all servers a call, and the part of the commands that the busiest node has. */
static void servers_work(void)
{
    size_t calls = bench.tiny ? 200 : bench.quick ? 20000 : 100000;
    double commands[NODES];
    double all = 0;
    double most = 0;
    double cluster_us = 0;
    load(other, 2 * HOT_KEYS);
    load(bench.mc, 2 * HOT_KEYS);
    double one_us = -redis_cpu_us(bench.rc);
    load(bench.mc, calls);
    one_us += redis_cpu_us(bench.rc);
    for (int i = 0; i < NODES; i++) {
        commands[i] = -redis_commands(ask[i]);
        cluster_us -= redis_cpu_us(ask[i]);
    }
    load(other, calls);
    for (int i = 0; i < NODES; i++) {
        commands[i] += redis_commands(ask[i]);
        cluster_us += redis_cpu_us(ask[i]);
        all += commands[i];
        most = commands[i] > most ? commands[i] : most;
    }
    double n = (double)calls;
    result("S19.cpu", "CPU of all servers for a hit, cluster of 3", "one server", "us", cluster_us / n, one_us / n,
           one_us > 0 ? cluster_us / one_us : 0, (struct goal){AT_MOST, 0});
    result("S19.spread", "commands of the busiest of 3 nodes, for a hit", "all nodes together", "commands", most / n,
           all / n, most / all, (struct goal){AT_MOST, 0});
}

void s19_topology(void)
{
    const char *where = bench.uri != NULL ? "--uri" : "cluster of 3 primaries";
    char what[80];
    struct contender hits[] = {{.name = "mc_get_movie there", .prepare = warm_other, .call = hit_other},
                               {.name = "the same on one server", .prepare = warm_one, .call = hit_one}};
    struct contender batches[] = {{.name = "mc_get_movies there", .prepare = warm_other, .call = many_other},
                                  {.name = "the same on one server", .prepare = warm_one, .call = many_one}};
    if (other == NULL)
        open_other();
    load(other, 2 * HOT_KEYS);
    take_turns(hits, 2, bench.uniform, bench.rounds, bench.calls);
    (void)snprintf(what, sizeof what, "hit by id, %s", where);
    result("S19", what, hits[1].name, "us", hits[0].us, hits[1].us, hits[1].ratio, (struct goal){AT_MOST, 0});
    take_turns(batches, 2, bench.uniform, bench.rounds, bench.calls / 5 + 1);
    (void)snprintf(what, sizeof what, "100 films by id, %s", where);
    result("S19.many", what, batches[1].name, "us", batches[0].us, batches[1].us, batches[1].ratio,
           (struct goal){AT_MOST, 0});
    if (bench.uri == NULL)
        servers_work();
}

void end_topology(void)
{
    (void)mc_close(other);
    for (int i = 0; i < NODES; i++)
        redisFree(ask[i]);
}
