/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: which server is asked now. Refuses: the word of a primary that a majority has left, and asking forever. */
#include "redis/servers.h"

#include "base/sync.h"
#include "base/syncpoint.h"
#include "redis/again.h"
#include "redis/nat.h"
#include "redis/sentinel.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN 2  /* nobody was asked yet */
#define ROUNDS 8   /* of redirections that a call follows */
#define LATER_MS 5 /* before a key that is on its way, or a server that can say nothing now, is asked again */
#define VAIN_NS INT64_C(2000000000) /* nobody waits for such a server so long after a call had waited in vain */
#define FAILED_NS INT64_C(20000000) /* between two questions to Sentinels that gave no answer */

struct mci_servers {
    mci_topology topology;
    int64_t check_ns;
    mci_log *log;
    mci_metrics *metrics;
    mci_redis *one; /* single, Sentinel: the primary */
    mci_sentinel *sentinel;
    mci_cluster *cluster;
    _Atomic int64_t asked_ns;     /* when the question began that was answered last; 0: never, or it is to be asked anew */
    _Atomic int away;             /* a node of the cluster does not answer */
    _Atomic int64_t vain_ns;      /* when a call had waited in vain for servers that can say nothing now */
    _Atomic int64_t config_epoch; /* the Sentinels' number of the last switch */
    _Atomic int64_t changed_ns;   /* when another primary was named */
    mci_mutex lock;               /* guards what follows */
    mci_cond answered;
    int asking;
    int64_t failed_ns;
    mc_error why;
    char nat[512];
    char host[256]; /* the primary's, as it is named */
    int port;
};

mc_status mci_servers_open(const mci_servers_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log,
                           mci_servers **out, mc_error *err)
{
    *out = NULL;
    mci_servers *s = calloc(1, sizeof *s);
    if (s == NULL || mci_mutex_init(&s->lock) != 0) {
        free(s);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the connections to Redis");
    }
    if (mci_cond_init(&s->answered) != 0) {
        mci_mutex_destroy(&s->lock);
        free(s);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the connections to Redis");
    }
    s->topology = opt->redis.addr.topology;
    s->check_ns = opt->check_ms * 1000000;
    atomic_init(&s->away, UNKNOWN);
    (void)snprintf(s->nat, sizeof s->nat, "%s", opt->nat_map);
    s->log = log;
    s->metrics = metrics;
    mc_status st = MC_OK;
    if (s->topology == MCI_CLUSTER)
        st = mci_cluster_open(&opt->redis, opt->nat_map, rnd, metrics, log, &s->cluster, err);
    else
        st = mci_redis_open(&opt->redis, rnd, metrics, log, &s->one, err);
    if (st == MC_OK && s->topology == MCI_SENTINEL)
        st =
            mci_sentinel_open(&opt->redis, opt->sentinel_user, opt->sentinel_password, rnd, metrics, log, &s->sentinel, err);
    if (st != MC_OK) {
        mci_servers_close(s);
        return st;
    }
    *out = s;
    return MC_OK;
}

void mci_servers_close(mci_servers *s)
{
    if (s == NULL)
        return;
    mci_redis_close(s->one);
    mci_sentinel_close(s->sentinel);
    mci_cluster_close(s->cluster);
    mci_cond_destroy(&s->answered);
    mci_mutex_destroy(&s->lock);
    free(s);
}

int mci_servers_have_slots(const mci_servers *s)
{
    return s->topology == MCI_CLUSTER;
}

mci_redis *mci_servers_of(mci_servers *s, int slot)
{
    return s->topology == MCI_CLUSTER ? mci_cluster_of(s->cluster, slot) : s->one;
}

size_t mci_servers_all(mci_servers *s, mci_redis *out[MCI_NODES_MAX])
{
    if (s->topology == MCI_CLUSTER)
        return mci_cluster_primaries(s->cluster, out);
    out[0] = s->one;
    return 1;
}

/* ---- who is primary ----------------------------------------------------------------------------------------------- */

static int64_t load(const _Atomic int64_t *at)
{
    return atomic_load_explicit((_Atomic int64_t *)(uintptr_t)at, memory_order_acquire);
}

/* Whoever is asked from now on is at that address. */
static void reach(mci_servers *s)
{
    char host[256];
    int port = s->port;
    (void)snprintf(host, sizeof host, "%s", s->host);
    mci_nat_translate(s->nat, host, &port);
    mci_redis_readdress(s->one, host, port);
}

/* With the lock held: a majority has named it, asked from `began_ns` on. */
static void take_primary(mci_servers *s, const mci_named *n, int64_t began_ns)
{
    if (n->port != s->port || strcmp(n->host, s->host) != 0 || n->config_epoch != load(&s->config_epoch)) {
        int first = s->port == 0;
        int64_t now = mci_now_ns();
        atomic_store(&s->config_epoch, n->config_epoch);
        (void)snprintf(s->host, sizeof s->host, "%s", n->host);
        s->port = n->port;
        reach(s);
        /* Of the first it is not known how long others have known it, unless the Sentinels say. */
        int long_ago = first && n->since_ms >= INT64_C(3600000);
        atomic_store(&s->changed_ns, long_ago ? 0 : first ? now - n->since_ms * 1000000 : now);
        if (!first) {
            mci_count(s->metrics, MCI_C_REDIS_SWITCHES);
            mci_log_write(s->log, MC_LOG_WARN, "Redis has another primary: %.255s", n->host);
        }
    }
    atomic_store(&s->asked_ns, began_ns);
}

static int is_answered(const mci_servers *s, int64_t after_ns)
{
    int64_t asked = load(&s->asked_ns);
    if (asked == 0 || asked <= after_ns)
        return 0;
    return mci_now_ns() - asked < s->check_ns / 2 || !MCI_SAFEGUARD(MCI_SAFEGUARD_POLL);
}

static mc_status ask(mci_servers *s, int64_t after_ns, mci_deadline dl, mc_error *err)
{
    mci_mutex_lock(&s->lock);
    while (s->asking && !is_answered(s, after_ns) && mci_cond_wait(&s->answered, &s->lock, dl) == 0)
        ;
    int answered = is_answered(s, after_ns);
    int busy = s->asking;
    int tired = mci_now_ns() - s->failed_ns < FAILED_NS;
    mc_error why = s->why;
    if (answered || busy || tired) {
        mci_mutex_unlock(&s->lock);
        if (!answered && tired && err != NULL)
            *err = why;
        return answered ? MC_OK
               : tired  ? why.code
                        : mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS, "the Sentinels were not asked within the deadline");
    }
    s->asking = 1;
    mci_mutex_unlock(&s->lock);
    mci_named named;
    int64_t began = mci_now_ns();
    why = (mc_error){0};
    mc_status st = mci_sentinel_ask(s->sentinel, dl, &named, &why);
    mci_mutex_lock(&s->lock);
    s->asking = 0;
    if (st == MC_OK) {
        take_primary(s, &named, began);
    } else {
        s->failed_ns = mci_now_ns();
        s->why = why;
    }
    mci_cond_broadcast(&s->answered);
    mci_mutex_unlock(&s->lock);
    if (st != MC_OK && err != NULL)
        *err = why;
    return st;
}

mc_status mci_servers_ready(mci_servers *s, int64_t after_ns, mci_deadline dl, mc_error *err)
{
    if (s->topology == MCI_SINGLE)
        return MC_OK;
    if (s->topology == MCI_CLUSTER)
        return mci_cluster_is_known(s->cluster) ? MC_OK : mci_cluster_learn(s->cluster, dl, err);
    if (is_answered(s, after_ns))
        return MC_OK;
    mc_status st = ask(s, after_ns, dl, err);
    return st != MC_OK && after_ns == 0 && mci_servers_are_known(s) ? MC_OK : st;
}

int mci_servers_are_known(const mci_servers *s)
{
    if (s->topology != MCI_SENTINEL || !MCI_SAFEGUARD(MCI_SAFEGUARD_POLL))
        return 1;
    int64_t asked = load(&s->asked_ns);
    return asked != 0 && mci_now_ns() - asked <= s->check_ns;
}

int64_t mci_servers_switch(const mci_servers *s)
{
    return load(&s->config_epoch);
}

int64_t mci_servers_changed_ns(const mci_servers *s)
{
    return load(&s->changed_ns);
}

/* Something was wrong with a primary: it is asked for anew. Returns 1 when there may be another now. */
static int ask_anew(mci_servers *s, mci_deadline dl)
{
    if (s->topology == MCI_CLUSTER)
        return mci_cluster_learn(s->cluster, dl, NULL) == MC_OK;
    if (s->topology == MCI_SINGLE)
        return 0;
    int64_t before = load(&s->changed_ns);
    return ask(s, mci_now_ns(), dl, NULL) == MC_OK && load(&s->changed_ns) != before;
}

/* ---- batches ------------------------------------------------------------------------------------------------------ */

/* Who is to be asked instead; NULL: nobody else is known. */
static mci_redis *follow(mci_servers *s, mci_redis *asked, const mci_redirect *r, int slot)
{
    if ((r->kind != MCI_REDIRECT_MOVED && r->kind != MCI_REDIRECT_ASK) || s->cluster == NULL)
        return mci_servers_of(s, slot);
    mci_redis *to = mci_cluster_at(s->cluster, asked, r->host, r->port);
    if (to != NULL && r->kind == MCI_REDIRECT_MOVED)
        mci_cluster_moved(s->cluster, slot, to);
    return to;
}

/* What was redirected in one part, to whoever is to be asked instead. */
static void gather(mci_servers *s, const mci_redis_part *p, mci_again *a)
{
    mci_batch *b = p->batch;
    for (size_t i = 0, end = 0; i < b->n; i = end) {
        end = mci_redirect_unit(b, i);
        mci_redirect r = mci_redirect_of_unit(b, i, end);
        if (r.kind != MCI_REDIRECT_NONE)
            mci_again_add(a, follow(s, p->redis, &r, b->cmds[i].slot), b, i, end, r.kind == MCI_REDIRECT_ASK);
    }
}

/* Is there any use in asking again? Waits where that may take a moment, and asks who is primary where that may be another now. */
static int wait_for(mci_servers *s, mci_redirect_kind worst, int round, mci_deadline dl)
{
    if (worst == MCI_REDIRECT_DOWN && mci_now_ns() - load(&s->vain_ns) < VAIN_NS)
        return 0;
    if (worst == MCI_REDIRECT_LATER || worst == MCI_REDIRECT_DOWN)
        mci_sleep_ms(LATER_MS << (round < 4 ? round : 4), dl);
    if (worst == MCI_REDIRECT_MOVED || worst == MCI_REDIRECT_DOWN)
        (void)ask_anew(s, dl);
    return worst != MCI_REDIRECT_DEMOTED || ask_anew(s, dl); /* or nobody else is primary yet */
}

/* 1: something was redirected, and asked again. */
static int redirected(mci_servers *s, mci_redis_part *part, size_t n, int round, mci_deadline dl)
{
    mci_again a = {.n = 0};
    mci_redirect_kind worst = mci_again_worst(part, n);
    if (worst == MCI_REDIRECT_NONE || !wait_for(s, worst, round, dl))
        return 0;
    for (size_t i = 0; i < n; i++)
        if (part[i].status == MC_OK)
            gather(s, &part[i], &a);
    if (a.nunits > 0) {
        mci_redis_exec_all(a.part, a.n, dl);
        mci_again_take(&a);
    }
    int any = a.nunits > 0;
    mci_again_free(&a, part);
    return any;
}

/* A part whose server could not be asked goes to whoever has its place now, if that is another and it may be sent again. */
static void try_others(mci_servers *s, mci_redis_part *part, size_t n, mci_deadline dl)
{
    int failed = 0;
    for (size_t i = 0; i < n; i++)
        failed |= part[i].status != MC_OK && part[i].status != MC_E_NOMEM;
    if (!failed || s->topology == MCI_SINGLE || mci_deadline_left_ms(dl) == 0)
        return;
    int changed = ask_anew(s, dl);
    for (size_t i = 0; i < n && changed; i++) {
        mci_redis_part *p = &part[i];
        if (p->status == MC_OK || p->status == MC_E_NOMEM || p->batch->n == 0 || (p->batch->once && p->batch->sent))
            continue;
        mci_redis *now = mci_servers_of(s, p->batch->cmds[0].slot);
        if (now == NULL || (s->topology == MCI_CLUSTER && now == p->redis))
            continue;
        p->redis = now;
        p->batch->repeated = p->batch->sent;
        p->status = mci_redis_exec(now, p->batch, dl, &p->err);
    }
}

/* The gauge and the log speak of all nodes together: a single server does that for itself. */
static void judge_nodes(mci_servers *s, const mci_redis_part *part, size_t n)
{
    const mci_redis_part *failed = NULL;
    for (size_t i = 0; i < n && failed == NULL; i++)
        failed = part[i].status != MC_OK ? &part[i] : NULL;
    if (failed == NULL && !atomic_load_explicit(&s->away, memory_order_relaxed))
        return;
    int away = !mci_servers_are_up(s);
    int before = atomic_exchange(&s->away, away);
    if (before == away)
        return;
    mci_gauge_set(s->metrics, MCI_C_REDIS_UP, !away);
    if (before == UNKNOWN && !away)
        return;
    mci_log_write(s->log, away ? MC_LOG_WARN : MC_LOG_INFO,
                  away ? "a node of the Redis cluster is away: %.300s" : "all nodes of the Redis cluster answer%s",
                  away && failed != NULL ? failed->err.text : "");
}

/* Half of the time that is left is for whoever answers in Redis' place. */
static void go_on(mci_servers *s, mci_redis_part *part, size_t n, mci_deadline dl)
{
    mci_deadline half = dl == MCI_NO_DEADLINE ? dl : dl - (dl - mci_now_ns()) / 2;
    int round = 0;
    while (round < ROUNDS && mci_deadline_left_ms(half) > 0 && redirected(s, part, n, round, half))
        round++;
    if (round > 0 && mci_again_worst(part, n) == MCI_REDIRECT_DOWN)
        atomic_store(&s->vain_ns, mci_now_ns());
}

void mci_servers_exec(mci_servers *s, mci_redis_part *part, size_t n, mci_deadline dl)
{
    if (n == 1)
        part->status = mci_redis_exec(part->redis, part->batch, dl, &part->err);
    else
        mci_redis_exec_all(part, n, dl);
    if (s->topology == MCI_SINGLE) {
        if (part->status == MC_OK && n == 1 && mci_redirect_of(mci_batch_reply(part->batch, 0)).kind == MCI_REDIRECT_DOWN)
            go_on(s, part, n, dl);
        return;
    }
    try_others(s, part, n, dl);
    go_on(s, part, n, dl);
    for (size_t i = 0; i < n; i++)
        if (part[i].status == MC_OK && part[i].batch->term.kind == MCI_TERM_REPLICA)
            (void)ask_anew(s, dl);
    if (s->topology == MCI_CLUSTER)
        judge_nodes(s, part, n);
}

void mci_servers_posted(mci_servers *s, mci_redis *r, const mci_batch *b)
{
    mci_redis_posted(r, b);
    for (size_t i = 0; s->cluster != NULL && i < b->n; i++) {
        mci_redirect to = mci_redirect_of(b->cmds[i].reply);
        if (to.kind == MCI_REDIRECT_MOVED)
            (void)follow(s, r, &to, b->cmds[i].slot);
    }
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

mc_status mci_servers_ping(mci_servers *s, mci_deadline dl, mc_error *err)
{
    mci_redis *all[MCI_NODES_MAX];
    mc_status st = mci_servers_ready(s, 0, dl, err);
    size_t n = st == MC_OK ? mci_servers_all(s, all) : 0;
    for (size_t i = 0; st == MC_OK && i < n; i++)
        st = mci_redis_ping(all[i], dl, err);
    if (st != MC_OK && n > 0 && ask_anew(s, dl)) { /* once more, with who has its place now */
        n = mci_servers_all(s, all);
        st = MC_OK;
        for (size_t i = 0; st == MC_OK && i < n; i++)
            st = mci_redis_ping(all[i], dl, err);
    }
    return st;
}

int64_t mci_servers_now_ms(mci_servers *s)
{
    if (s->topology != MCI_CLUSTER)
        return mci_redis_now_ms(s->one);
    for (int slot = 0; slot < MCI_SLOTS; slot += MCI_SLOTS / 16) { /* the first that is known: the same for all, mostly */
        mci_redis *r = mci_cluster_of(s->cluster, slot);
        int64_t now = r != NULL ? mci_redis_now_ms(r) : 0;
        if (now != 0)
            return now;
    }
    return 0;
}

int mci_servers_are_up(mci_servers *s)
{
    mci_redis *all[MCI_NODES_MAX];
    if (s->topology != MCI_CLUSTER)
        return mci_redis_is_up(s->one);
    size_t n = mci_cluster_primaries(s->cluster, all);
    int up = 1;
    for (size_t i = 0; i < n; i++)
        up &= mci_redis_is_up(all[i]);
    return up;
}
