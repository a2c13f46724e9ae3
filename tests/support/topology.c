/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: groups of Redis servers for tests. Refuses: waiting by the clock for what a server can be asked. */
#include "topology.h"

#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define TRIES 3000 /* of 20 ms */

static void nap(void)
{
    struct timespec t = {.tv_nsec = 20000000};
    (void)nanosleep(&t, NULL);
}

static char *reply_text(const redisReply *r)
{
    if (r == NULL)
        return NULL;
    if (r->type == REDIS_REPLY_INTEGER) {
        char *out = malloc(24);
        snprintf(out, 24, "%lld", r->integer);
        return out;
    }
    if (r->type == REDIS_REPLY_ARRAY) {
        char *out = calloc(1, 65536);
        for (size_t i = 0; i < r->elements; i++) {
            char *one = reply_text(r->element[i]);
            if (one != NULL && strlen(out) + strlen(one) + 2 < 65536) {
                strcat(out, one);
                strcat(out, "\n");
            }
            free(one);
        }
        return out;
    }
    return strdup(r->str != NULL ? r->str : "");
}

char *topology_ask(const srv *s, const char *command)
{
    struct timeval patience = {.tv_sec = 2};
    if (s->pid <= 0)
        return NULL;
    redisContext *rc = redisConnectWithTimeout("127.0.0.1", s->port, patience);
    if (rc == NULL || rc->err != 0) {
        redisFree(rc);
        return NULL;
    }
    (void)redisSetTimeout(rc, patience);
    char copy[65536];
    const char *argv[2048];
    int argc = 0;
    char *rest = NULL;
    snprintf(copy, sizeof copy, "%s", command);
    for (char *p = strtok_r(copy, " ", &rest); p != NULL && argc < 2048; p = strtok_r(NULL, " ", &rest))
        argv[argc++] = p;
    redisReply *r = redisCommandArgv(rc, argc, argv, NULL);
    char *out = reply_text(r);
    freeReplyObject(r);
    redisFree(rc);
    return out;
}

/* The reply must be there and hold the text. */
static int says(const srv *s, const char *command, const char *text)
{
    char *out = topology_ask(s, command);
    int yes = out != NULL && strstr(out, text) != NULL;
    free(out);
    return yes;
}

static void must(const srv *s, const char *command)
{
    char *out = topology_ask(s, command);
    if (out == NULL || strncmp(out, "ERR", 3) == 0)
        fail_msg("%s: %s", command, out != NULL ? out : "no answer");
    free(out);
}

/* ---- starting ----------------------------------------------------------------------------------------------------- */

/* Where the node announces itself to be, and the library's map of that. */
static void start_link(topology *t, int i, size_t *nat)
{
    if (t->direct)
        return;
    *nat += (size_t)snprintf(t->nat + *nat, sizeof t->nat - *nat, "%s127.0.0.1:%d=127.0.0.1:%d", i > 0 ? "," : "",
                             t->link[i].port, t->node[i].port);
    t->link[i].target = t->node[i].port;
}

static int announced(const topology *t, int i)
{
    return t->direct ? t->node[i].port : t->link[i].port;
}

#define QUICK_COPIES "--repl-diskless-sync-delay", "0"

static void start_member(topology *t, int i)
{
    char(*a)[24] = t->args[i];
    srv *s = &t->node[i];
    if (!t->direct)
        proxy_start(&t->link[i], 1); /* where it leads is known once the server has its port */
    snprintf(a[0], sizeof a[0], "%d", i > 0 ? announced(t, 0) : 0);
    snprintf(a[1], sizeof a[1], "%d", t->link[i].port);
    if (t->direct && i == 0)
        srv_start_redis(s, QUICK_COPIES, NULL);
    else if (t->direct)
        srv_start_redis(s, QUICK_COPIES, "--replicaof", "127.0.0.1", a[0], NULL);
    else if (i == 0)
        srv_start_redis(s, QUICK_COPIES, "--replica-announce-port", a[1], "--replica-announce-ip", "127.0.0.1", NULL);
    else
        srv_start_redis(s, QUICK_COPIES, "--replica-announce-port", a[1], "--replica-announce-ip", "127.0.0.1",
                        "--replicaof", "127.0.0.1", a[0], NULL);
}

static void start_sentinel(topology *t)
{
    t->n = 3;
    size_t nat = 0;
    size_t used = (size_t)snprintf(t->uri, sizeof t->uri, "redis+sentinel://");
    for (int i = 0; i < t->n; i++) {
        start_member(t, i);
        start_link(t, i, &nat);
    }
    for (int i = 0; i < 3; i++) {
        srv_start_sentinel(&t->sentinel[i], "films", announced(t, 0));
        used +=
            (size_t)snprintf(t->uri + used, sizeof t->uri - used, "%s127.0.0.1:%d", i > 0 ? "," : "", t->sentinel[i].port);
    }
    snprintf(t->uri + used, sizeof t->uri - used, "/films");
    topology_await_calm(t);
}

void topology_start_sentinel(topology *t)
{
    memset(t, 0, sizeof *t);
    start_sentinel(t);
}

static void start_node(topology *t, int i)
{
    char(*a)[24] = t->args[i];
    if (t->direct) {
        srv_start_redis(&t->node[i], "--cluster-enabled", "yes", "--cluster-node-timeout", "700", QUICK_COPIES, NULL);
        return;
    }
    proxy_start(&t->link[i], 1); /* where it leads is known once the server has its port */
    snprintf(a[1], sizeof a[1], "%d", t->link[i].port);
    srv_start_redis(&t->node[i], "--cluster-enabled", "yes", "--cluster-announce-port", a[1], "--cluster-announce-ip",
                    "127.0.0.1", "--cluster-node-timeout", "700", QUICK_COPIES, NULL);
}

static void node_id(const srv *s, char out[64])
{
    char *id = topology_ask(s, "CLUSTER MYID");
    assert_non_null(id);
    snprintf(out, 64, "%s", id);
    free(id);
}

/* One by one: ranges have come with Redis 7. */
static void add_slots(const srv *s, int first, int end)
{
    while (first < end) {
        char command[16384];
        int n = snprintf(command, sizeof command, "CLUSTER ADDSLOTS");
        for (int i = 0; i < 1000 && first < end; i++)
            n += snprintf(command + n, sizeof command - (size_t)n, " %d", first++);
        must(s, command);
    }
}

static void start_cluster(topology *t, int primaries)
{
    char command[128];
    char known[64];
    char id[64];
    size_t used = (size_t)snprintf(t->uri, sizeof t->uri, "redis+cluster://");
    size_t nat = 0;
    t->cluster = 1;
    for (int i = 0; i < t->n; i++) {
        start_node(t, i);
        start_link(t, i, &nat);
        if (i < 2)
            used +=
                (size_t)snprintf(t->uri + used, sizeof t->uri - used, "%s127.0.0.1:%d", i > 0 ? "," : "", t->node[i].port);
    }
    for (int i = 0; i < primaries; i++) {
        add_slots(&t->node[i], i * 16384 / primaries, (i + 1) * 16384 / primaries);
        snprintf(command, sizeof command, "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
        must(&t->node[i], command);
    }
    for (int i = 1; i < t->n; i++) {
        snprintf(command, sizeof command, "CLUSTER MEET 127.0.0.1 %d %d", announced(t, 0), t->node[0].port + SRV_BUS);
        must(&t->node[i], command);
    }
    snprintf(known, sizeof known, "cluster_known_nodes:%d", t->n);
    for (int i = 0; i < t->n; i++)
        for (int tries = 0;
             !says(&t->node[i], "CLUSTER INFO", known) || !says(&t->node[i], "CLUSTER INFO", "cluster_state:ok"); tries++) {
            assert_true(tries < TRIES);
            nap();
        }
    for (int i = primaries; i < t->n; i++) {
        node_id(&t->node[i - primaries], id);
        snprintf(command, sizeof command, "CLUSTER REPLICATE %.48s", id);
        must(&t->node[i], command);
    }
    topology_await_calm(t);
}

void topology_start_cluster(topology *t)
{
    memset(t, 0, sizeof *t);
    t->n = 6;
    start_cluster(t, 3);
}

void topology_start_direct(topology *t, int cluster)
{
    memset(t, 0, sizeof *t);
    t->direct = 1;
    t->n = 3;
    if (cluster)
        start_cluster(t, 3);
    else
        start_sentinel(t);
}

void topology_stop(topology *t)
{
    for (int i = 0; i < 3 && !t->cluster; i++)
        srv_stop(&t->sentinel[i]);
    for (int i = 0; i < t->n; i++) {
        srv_stop(&t->node[i]);
        if (!t->direct)
            proxy_stop(&t->link[i]);
    }
}

/* ---- who is what -------------------------------------------------------------------------------------------------- */

static int node_at(const topology *t, int port)
{
    for (int i = 0; i < t->n; i++)
        if (t->node[i].port == port || announced(t, i) == port)
            return i;
    return -1;
}

/* Of CLUSTER SLOTS as text, a line each: first, last, then host, port, id of the primary. */
static int primary_of_slot(const topology *t, const srv *asked, int slot)
{
    struct timeval patience = {.tv_sec = 2};
    int found = -1;
    if (asked->pid <= 0)
        return -1;
    redisContext *rc = redisConnectWithTimeout("127.0.0.1", asked->port, patience);
    redisReply *r = NULL;
    if (rc != NULL && rc->err == 0) {
        (void)redisSetTimeout(rc, patience);
        r = redisCommand(rc, "CLUSTER SLOTS");
    }
    for (size_t i = 0; r != NULL && r->type == REDIS_REPLY_ARRAY && i < r->elements; i++) {
        const redisReply *one = r->element[i];
        if (one->elements > 2 && one->element[0]->integer <= slot && slot <= one->element[1]->integer)
            found = node_at(t, (int)one->element[2]->element[1]->integer);
    }
    freeReplyObject(r);
    redisFree(rc);
    return found;
}

static int named_by(topology *t, int who, int slot)
{
    if (t->cluster)
        return primary_of_slot(t, &t->node[who], slot);
    char *out = topology_ask(&t->sentinel[who], "SENTINEL GET-MASTER-ADDR-BY-NAME films");
    const char *port = out != NULL ? strchr(out, '\n') : NULL;
    int node = port != NULL ? node_at(t, atoi(port + 1)) : -1;
    free(out);
    return node;
}

int topology_primary(topology *t, int slot)
{
    int votes[TOPOLOGY_NODES] = {0};
    int voters = t->cluster ? t->n : 3;
    for (int i = 0; i < voters; i++) {
        int named = named_by(t, i, slot);
        if (named >= 0 && ++votes[named] > voters / 2 && t->node[named].pid > 0)
            return says(&t->node[named], "ROLE", "master") ? named : -1;
    }
    return -1;
}

int topology_await_other(topology *t, int slot, int old)
{
    for (int tries = 0;; tries++) {
        int now = topology_primary(t, slot);
        if (now >= 0 && now != old)
            return now;
        if (tries == TRIES)
            fail_msg("nobody has taken the place of the primary");
        nap();
    }
}

static int is_calm(topology *t)
{
    int primaries = 0;
    for (int i = 0; i < t->n; i++) {
        if (t->node[i].pid <= 0)
            continue;
        if (says(&t->node[i], "ROLE", "master"))
            primaries++;
        else if (!says(&t->node[i], "INFO replication", "master_link_status:up") ||
                 says(&t->node[i], "INFO replication", "master_sync_in_progress:1"))
            return 0;
        if (t->cluster && !says(&t->node[i], "CLUSTER INFO", "cluster_state:ok"))
            return 0;
    }
    return primaries == (t->cluster ? 3 : 1) && topology_primary(t, 0) >= 0 &&
           (t->cluster || says(&t->sentinel[0], "SENTINEL MASTER films", "num-slaves\n2\nnum-other-sentinels\n2"));
}

void topology_await_calm(topology *t)
{
    for (int tries = 0; !is_calm(t); tries++) {
        if (tries == TRIES)
            fail_msg("the servers do not settle");
        nap();
    }
}

/* master_repl_offset, and each replica's offset in "slave0:...,offset=N,lag=". */
static int is_copied(const srv *s)
{
    char *info = topology_ask(s, "INFO replication");
    const char *own = info != NULL ? strstr(info, "master_repl_offset:") : NULL;
    int replicas = 0;
    int behind = own == NULL;
    for (const char *p = info; p != NULL && own != NULL && (p = strstr(p, ",offset=")) != NULL; p++, replicas++)
        behind |= atoll(p + 8) < atoll(own + 19);
    free(info);
    return replicas > 0 && !behind;
}

void topology_await_copies(topology *t, int node)
{
    for (int tries = 0; !is_copied(&t->node[node]); tries++) {
        if (tries == TRIES)
            fail_msg("the replicas do not catch up");
        nap();
    }
}

void topology_hold_replicas(topology *t, int node, int hold)
{
    char command[64];
    if (t->cluster) {
        proxy_set(&t->link[node], hold ? PROXY_HANG : PROXY_PASS, 0);
        return;
    }
    snprintf(command, sizeof command, "REPLICAOF 127.0.0.1 %d", hold ? 1 : t->link[node].port);
    for (int i = 0; i < t->n; i++)
        if (i != node && t->node[i].pid > 0)
            must(&t->node[i], command);
}

void topology_cut(topology *t, int node, int cut)
{
    proxy_set(&t->link[node], cut ? PROXY_HANG : PROXY_PASS, 0);
}

void topology_move_slot(topology *t, int slot, int to)
{
    char command[256];
    char from_id[64];
    char to_id[64];
    int from = topology_primary(t, slot);
    assert_true(from >= 0 && from != to);
    node_id(&t->node[from], from_id);
    node_id(&t->node[to], to_id);
    snprintf(command, sizeof command, "CLUSTER SETSLOT %d IMPORTING %.48s", slot, from_id);
    must(&t->node[to], command);
    snprintf(command, sizeof command, "CLUSTER SETSLOT %d MIGRATING %.48s", slot, to_id);
    must(&t->node[from], command);
    for (;;) {
        snprintf(command, sizeof command, "CLUSTER GETKEYSINSLOT %d 1", slot);
        char *key = topology_ask(&t->node[from], command);
        assert_non_null(key);
        key[strcspn(key, "\n")] = '\0';
        int none = key[0] == '\0';
        if (!none) {
            snprintf(command, sizeof command, "MIGRATE 127.0.0.1 %d %.160s 0 5000", t->node[to].port, key);
            free(topology_ask(&t->node[from], command));
        }
        free(key);
        if (none)
            break;
    }
    snprintf(command, sizeof command, "CLUSTER SETSLOT %d NODE %.48s", slot, to_id);
    must(&t->node[to], command);
    must(&t->node[from], command);
}
