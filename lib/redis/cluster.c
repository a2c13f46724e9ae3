/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the map of slots and the nodes. Refuses: a node at an address that is none, and more nodes than it has room for. */
#include "redis/cluster.h"

#include "base/sync.h"
#include "redis/nat.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY 0xffff
#define LEARN_NS INT64_C(50000000) /* between two questions */

typedef struct node {
    mci_redis *redis;
    char host[256]; /* where it is reached */
    int port;
} node;

struct mci_cluster {
    mci_redis_options one;
    char nat[512];
    mci_random *rnd;
    mci_metrics *metrics;
    mci_log *log;
    mci_mutex lock; /* guards nodes being added, and `learning` */
    mci_cond learnt;
    int learning;
    int64_t learnt_ns;
    _Atomic size_t n;
    node at[MCI_NODES_MAX];
    _Atomic int known;
    _Atomic unsigned short of[MCI_SLOTS];
};

/* ---- addresses ---------------------------------------------------------------------------------------------------- */

/* With the lock held. */
static mci_redis *find_or_add(mci_cluster *c, const char *host, int port)
{
    size_t n = atomic_load(&c->n);
    for (size_t i = 0; i < n; i++)
        if (c->at[i].port == port && strcmp(c->at[i].host, host) == 0)
            return c->at[i].redis;
    if (n == MCI_NODES_MAX)
        return NULL;
    node *new = &c->at[n];
    mci_redis_options opt = c->one;
    (void)snprintf(opt.addr.host, sizeof opt.addr.host, "%s", host);
    opt.addr.port = port;
    mc_status st = mci_redis_open(&opt, c->rnd, c->metrics, c->log, &new->redis, NULL);
    mci_redis_addr_wipe(&opt.addr);
    if (st != MC_OK)
        return NULL;
    (void)snprintf(new->host, sizeof new->host, "%s", host);
    new->port = port;
    atomic_store(&c->n, n + 1);
    return new->redis;
}

static const node *node_of(mci_cluster *c, const mci_redis *r)
{
    size_t n = atomic_load(&c->n);
    for (size_t i = 0; i < n; i++)
        if (c->at[i].redis == r)
            return &c->at[i];
    return NULL;
}

mci_redis *mci_cluster_at(mci_cluster *c, mci_redis *asked, const char *host, int port)
{
    char real[256];
    const node *by = node_of(c, asked);
    (void)snprintf(real, sizeof real, "%s", host[0] == '\0' && by != NULL ? by->host : host);
    if (host[0] != '\0')
        mci_nat_translate(c->nat, real, &port);
    mci_mutex_lock(&c->lock);
    mci_redis *r = find_or_add(c, real, port);
    mci_mutex_unlock(&c->lock);
    return r;
}

/* ---- opening ------------------------------------------------------------------------------------------------------ */

mc_status mci_cluster_open(const mci_redis_options *opt, const char *nat, mci_random *rnd, mci_metrics *metrics,
                           mci_log *log, mci_cluster **out, mc_error *err)
{
    mci_cluster *c = calloc(1, sizeof *c);
    if (c == NULL || mci_mutex_init(&c->lock) != 0) {
        free(c);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the nodes of a cluster");
    }
    if (mci_cond_init(&c->learnt) != 0) {
        mci_mutex_destroy(&c->lock);
        free(c);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the nodes of a cluster");
    }
    c->one = *opt;
    c->one.quiet = 1;
    c->rnd = rnd;
    c->metrics = metrics;
    c->log = log;
    (void)snprintf(c->nat, sizeof c->nat, "%s", nat);
    for (size_t i = 0; i < MCI_SLOTS; i++)
        atomic_init(&c->of[i], NOBODY);
    mc_status st = MC_OK;
    for (const char *seed = opt->addr.seeds; st == MC_OK && seed != NULL;) {
        char host[256];
        int port = 0;
        seed = mci_redis_seed(seed, host, &port);
        if (find_or_add(c, host, port) == NULL)
            st = mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the nodes of a cluster");
    }
    if (st == MC_OK)
        *out = c;
    else
        mci_cluster_close(c);
    return st;
}

void mci_cluster_close(mci_cluster *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < atomic_load(&c->n); i++)
        mci_redis_close(c->at[i].redis);
    mci_cond_destroy(&c->learnt);
    mci_mutex_destroy(&c->lock);
    mci_redis_addr_wipe(&c->one.addr);
    free(c);
}

/* ---- slots -------------------------------------------------------------------------------------------------------- */

mci_redis *mci_cluster_of(mci_cluster *c, int slot)
{
    unsigned short i = atomic_load_explicit(&c->of[slot], memory_order_acquire);
    return i == NOBODY ? NULL : c->at[i].redis;
}

int mci_cluster_is_known(mci_cluster *c)
{
    return atomic_load_explicit(&c->known, memory_order_acquire);
}

void mci_cluster_moved(mci_cluster *c, int slot, mci_redis *r)
{
    const node *n = node_of(c, r);
    if (n != NULL)
        atomic_store(&c->of[slot], (unsigned short)(n - c->at));
}

/* [first, last, [host, port, ...], replicas...] */
static int take_range(mci_cluster *c, mci_redis *asked, const mci_reply *r)
{
    int64_t v[3] = {0};
    char host[256] = "";
    const mci_reply *primary = mci_reply_item(r, 2);
    const mci_reply *name = mci_reply_item(primary, 0);
    if (mci_reply_count(mci_reply_item(r, 0), &v[0]) != 0 || mci_reply_count(mci_reply_item(r, 1), &v[1]) != 0 ||
        mci_reply_count(mci_reply_item(primary, 1), &v[2]) != 0 || v[0] > v[1] || v[1] >= MCI_SLOTS || v[2] < 1 ||
        v[2] > 65535 || name == NULL)
        return -1;
    if (name->type == MCI_REPLY_STRING && name->len < sizeof host && memchr(name->u.str, '\0', name->len) == NULL) {
        memcpy(host, name->u.str, name->len);
        host[name->len] = '\0';
    }
    if (strcmp(host, "?") == 0)
        return -1;
    mci_redis *n = mci_cluster_at(c, asked, host, (int)v[2]);
    for (int64_t i = v[0]; n != NULL && i <= v[1]; i++)
        mci_cluster_moved(c, (int)i, n);
    return n != NULL ? 0 : -1;
}

static mc_status ask(mci_cluster *c, mci_redis *r, mci_deadline dl, mc_error *err)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "CLUSTER");
    mci_arg_str(&b, "SLOTS");
    mc_status st = mci_redis_exec(r, &b, dl, err);
    const mci_reply *map = mci_batch_reply(&b, 0);
    if (st == MC_OK)
        st = mci_reply_error(map, "CLUSTER SLOTS", err);
    if (st == MC_OK && (map->type != MCI_REPLY_ARRAY || map->len == 0))
        st = mci_fail(err, MC_E_CACHE, MC_TIER_REDIS, "a node of the cluster knows nobody who has a slot");
    for (size_t i = 0; st == MC_OK && i < map->len; i++)
        if (take_range(c, r, mci_reply_item(map, i)) != 0)
            st =
                mci_fail(err, MC_E_PROTO, MC_TIER_REDIS, "a node of the cluster answered CLUSTER SLOTS with something else");
    mci_batch_free(&b);
    return st;
}

/* Those that answered lately first. */
static mc_status ask_all(mci_cluster *c, mci_deadline dl, mc_error *err)
{
    mc_status st = mci_fail(err, MC_E_CACHE, MC_TIER_REDIS, "no node of the cluster can be asked");
    size_t n = atomic_load(&c->n);
    for (int well = 1; well >= 0; well--)
        for (size_t i = 0; i < n; i++) {
            if (mci_redis_is_well(c->at[i].redis) != well)
                continue;
            st = ask(c, c->at[i].redis, dl, err);
            if (st == MC_OK || mci_deadline_left_ms(dl) == 0)
                return st;
        }
    return st;
}

mc_status mci_cluster_learn(mci_cluster *c, mci_deadline dl, mc_error *err)
{
    int known = mci_cluster_is_known(c);
    mci_mutex_lock(&c->lock);
    int64_t now = mci_now_ns();
    while (c->learning && !known && mci_cond_wait(&c->learnt, &c->lock, dl) == 0)
        ;
    int go_on = known ? c->learning || now - c->learnt_ns < LEARN_NS : mci_cluster_is_known(c);
    if (go_on || c->learning) {
        mci_mutex_unlock(&c->lock);
        return go_on ? MC_OK : mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS, "the slots of the cluster were not known in time");
    }
    c->learning = 1;
    mci_mutex_unlock(&c->lock);
    mc_status st = ask_all(c, dl, err);
    if (st == MC_OK)
        atomic_store_explicit(&c->known, 1, memory_order_release);
    mci_mutex_lock(&c->lock);
    c->learning = 0;
    c->learnt_ns = mci_now_ns();
    mci_cond_broadcast(&c->learnt);
    mci_mutex_unlock(&c->lock);
    return st;
}

size_t mci_cluster_primaries(mci_cluster *c, mci_redis *out[MCI_NODES_MAX])
{
    unsigned char has[MCI_NODES_MAX] = {0};
    size_t n = 0;
    for (size_t i = 0; i < MCI_SLOTS; i++) {
        unsigned short at = atomic_load_explicit(&c->of[i], memory_order_acquire);
        if (at == NOBODY || has[at])
            continue;
        has[at] = 1;
        out[n++] = c->at[at].redis;
    }
    return n;
}
