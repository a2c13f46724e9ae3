/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: which of the shared connections a batch goes over, the breaker, re-sending of scripts. Refuses: a second attempt at anything but a
 * batch that was lost with its connection.
 */
#include "redis/redis.h"

#include "base/breaker.h"
#include "base/sync.h"
#include "redis/resend.h"
#include "redis/shared.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_CHECK_NS INT64_C(1000000000)

#define POST_BYTES ((size_t)32 << 10) /* more may not fit into the socket, and would wait for the next caller */
#define CLOSE_MS 100                  /* for what was posted last */

struct mci_redis {
    mci_redis_options opt;
    mci_random *rnd;
    mci_metrics *metrics;
    mci_log *log;
    mci_shared_hooks hooks;
    mci_shared shared[MCI_REDIS_CONNECTIONS_MAX];
    _Atomic int64_t used_ns[MCI_REDIS_CONNECTIONS_MAX]; /* when each answered last */
    _Atomic int callers;                                /* in an exchange now */
    _Atomic unsigned generation;                        /* of the address; connections of an earlier one are not used */
    mci_scripts_known scripts;                          /* what is posted will find these */
    _Atomic int64_t clock_offset_ms;                    /* server time minus monotonic time; 0: not known */
    _Atomic int up;                                     /* the breaker is closed */
    _Atomic int well;                                   /* and nothing speaks against that */
    mci_mutex lock;                                     /* guards everything below */
    mci_breaker breaker;
    mci_addresses known; /* of the host */
    mc_error last_error;
};

static mc_status open_conn(void *ctx, mci_deadline dl, mci_conn **out, mc_error *err);
static void closed_conn(void *ctx);
static void log_spent(void *ctx);

static int init_connections(mci_redis *r)
{
    r->hooks = (mci_shared_hooks){.open = open_conn,
                                  .closed = closed_conn,
                                  .log_spent = log_spent,
                                  .ctx = r,
                                  .timeout_ms = r->opt.timeout_ms,
                                  .term_ns = r->opt.term_ms * 500000,
                                  .spin_ns = r->opt.spin_us * 1000,
                                  .callers = &r->callers};
    for (int64_t i = 0; i < r->opt.connections; i++) {
        if (mci_shared_init(&r->shared[i], &r->hooks) == 0)
            continue;
        while (i-- > 0)
            mci_shared_close(&r->shared[i], 0);
        return -1;
    }
    return 0;
}

mc_status mci_redis_open(const mci_redis_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log, mci_redis **out,
                         mc_error *err)
{
    *out = NULL;
    mci_redis *r = calloc(1, sizeof *r);
    if (r == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the connections to Redis");
    r->opt = *opt;
    r->rnd = rnd;
    r->metrics = metrics;
    r->log = log;
    r->breaker.min_ns = opt->backoff_min_ms * 1000000;
    r->breaker.max_ns = opt->backoff_max_ms * 1000000;
    r->breaker.threshold = opt->breaker_failures;
    atomic_init(&r->clock_offset_ms, 0);
    atomic_init(&r->up, 1);
    if (mci_mutex_init(&r->lock) != 0) {
        free(r);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the connections to Redis");
    }
    if (init_connections(r) != 0) {
        mci_mutex_destroy(&r->lock);
        free(r);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the connections to Redis");
    }
    *out = r;
    return MC_OK;
}

void mci_redis_close(mci_redis *r)
{
    if (r == NULL)
        return;
    mci_deadline dl = mci_deadline_in(CLOSE_MS);
    for (int64_t i = 0; i < r->opt.connections; i++)
        mci_shared_close(&r->shared[i], dl);
    mci_mutex_destroy(&r->lock);
    mci_redis_addr_wipe(&r->opt.addr);
    free(r);
}

int64_t mci_redis_clock_offset_ms(const mci_redis *r)
{
    return atomic_load_explicit(&r->clock_offset_ms, memory_order_relaxed);
}

int64_t mci_redis_now_ms(const mci_redis *r)
{
    int64_t offset = mci_redis_clock_offset_ms(r);
    return offset == 0 ? 0 : mci_now_ns() / 1000000 + offset;
}

void mci_redis_saw_time(mci_redis *r, int64_t redis_ms)
{
    int64_t offset = redis_ms - mci_now_ns() / 1000000;
    int64_t have = atomic_load_explicit(&r->clock_offset_ms, memory_order_relaxed);
    /* An answer that took long to come makes the server's clock look slow: of those within a second the fastest is right. */
    if (have != 0 && offset < have && have - offset < 1000)
        return;
    atomic_store_explicit(&r->clock_offset_ms, offset, memory_order_relaxed);
}

int mci_redis_is_up(mci_redis *r)
{
    return atomic_load_explicit(&r->up, memory_order_relaxed);
}

int mci_redis_is_well(mci_redis *r)
{
    return atomic_load_explicit(&r->well, memory_order_relaxed);
}

/*
 * The time that a new connection told, some time between `before_ns` and now. What was known before stays when it agrees: a busy machine makes
 * the answer look late, and values younger than they are. It may be another server than before: then what it tells counts.
 */
static void saw_first_time(mci_redis *r, int64_t redis_ms, int64_t before_ns)
{
    int64_t least = redis_ms - mci_now_ns() / 1000000;
    int64_t most = redis_ms - before_ns / 1000000 + 1;
    int64_t have = atomic_load_explicit(&r->clock_offset_ms, memory_order_relaxed);
    if (have == 0 || have < least || have > most)
        atomic_store_explicit(&r->clock_offset_ms, least, memory_order_relaxed);
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static mc_status open_conn(void *ctx, mci_deadline dl, mci_conn **out, mc_error *err)
{
    mci_redis *r = ctx;
    mci_deadline connect_dl = mci_deadline_min(dl, mci_deadline_in(r->opt.connect_timeout_ms));
    int64_t redis_ms = 0;
    mci_mutex_lock(&r->lock);
    mci_addresses known = r->known;
    mci_redis_addr addr = r->opt.addr;
    unsigned generation = atomic_load_explicit(&r->generation, memory_order_relaxed);
    mci_mutex_unlock(&r->lock);
    int64_t before_ns = mci_now_ns();
    mc_status st = mci_conn_open(&addr, &known, r->opt.tls, connect_dl, out, &redis_ms, err);
    mci_redis_addr_wipe(&addr);
    mci_mutex_lock(&r->lock);
    if (generation == atomic_load_explicit(&r->generation, memory_order_relaxed))
        r->known = known;
    mci_mutex_unlock(&r->lock);
    if (st != MC_OK)
        return st;
    (*out)->generation = generation;
    mci_scripts_forget(&r->scripts);
    if (!r->opt.addr.bare)
        saw_first_time(r, redis_ms, before_ns);
    mci_count(r->metrics, MCI_C_REDIS_CONNECTS);
    mci_add(r->metrics, MCI_C_REDIS_CONNECTIONS, 1);
    return MC_OK;
}

static void closed_conn(void *ctx)
{
    mci_redis *r = ctx;
    mci_add(r->metrics, MCI_C_REDIS_CONNECTIONS, -1);
}

static void log_spent(void *ctx)
{
    mci_redis *r = ctx;
    mci_log_write(r->log, MC_LOG_WARN, "%s", "a reply of Redis was above a limit; the connection was closed");
}

/* The first that nobody uses: a lone caller always has the same. When all are in use, the one with the fewest callers. */
static mci_shared *choose(mci_redis *r)
{
    mci_shared *best = &r->shared[0];
    int least = INT_MAX;
    for (int64_t i = 0; i < r->opt.connections && least > 0; i++) {
        int n = atomic_load_explicit(&r->shared[i].callers, memory_order_relaxed);
        if (n < least) {
            least = n;
            best = &r->shared[i];
        }
    }
    return best;
}

/* One connection was closed by the server: the others are looked at before they are used again. */
static void suspect_all(mci_redis *r)
{
    for (int64_t i = 0; i < r->opt.connections; i++)
        atomic_store_explicit(&r->used_ns[i], 0, memory_order_relaxed);
}

/* What may not be sent again wants a connection that is there. */
static int wants_check(mci_redis *r, const mci_shared *s, const mci_batch *b, int64_t now_ns)
{
    return b->once || now_ns - atomic_load_explicit(&r->used_ns[s - r->shared], memory_order_relaxed) > IDLE_CHECK_NS;
}

/* A batch that was sent and not waited for yet. */
typedef struct mci_begun {
    mci_shared *shared;
    mci_turn *turn;
    int64_t t0;
} mci_begun;

/* One exchange, or its first half if `turn` was begun; over one of the connections. */
static mc_status exchange_once(mci_redis *r, mci_shared *s, mci_turn *turn, mci_batch *b, int64_t t0, mci_deadline dl,
                               mci_outcome *outcome, mc_error *err)
{
    _Atomic int64_t *used_ns = &r->used_ns[s - r->shared];
    mc_status st = MC_OK;
    if (turn != NULL) {
        st = mci_shared_end(s, turn, b, dl, outcome);
    } else {
        (void)atomic_fetch_add_explicit(&s->callers, 1, memory_order_relaxed);
        (void)atomic_fetch_add_explicit(&r->callers, 1, memory_order_relaxed);
        st = mci_shared_exchange(s, b, wants_check(r, s, b, t0), t0, dl, outcome, err);
    }
    (void)atomic_fetch_sub_explicit(&r->callers, 1, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&s->callers, 1, memory_order_relaxed);
    if (st != MC_OK)
        return st;
    int64_t now = mci_now_ns();
    atomic_store_explicit(used_ns, now, memory_order_relaxed);
    mci_count(r->metrics, MCI_C_REDIS_ROUND_TRIPS);
    mci_time(r->metrics, MCI_H_REDIS_EXCHANGE, now - t0);
    if (b->generation == atomic_load_explicit(&r->generation, memory_order_relaxed))
        return MC_OK;
    outcome->lost = 1; /* it is the answer of a server that is not asked any more */
    return mci_fail(err, MC_E_CACHE, MC_TIER_REDIS, "another server has become the primary while Redis was asked");
}

/* Empty as it was before it was sent, but for the commands. */
static void forget_replies(mci_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        b->cmds[i].reply = NULL;
}

static mc_status one_exchange(mci_redis *r, mci_begun *begun, mci_batch *b, int64_t now, mci_deadline dl, int *connecting,
                              mc_error *err)
{
    for (int attempt = 0;; attempt++) {
        int first = begun != NULL && attempt == 0;
        mci_shared *s = first ? begun->shared : choose(r);
        mci_outcome outcome;
        mc_status st = exchange_once(r, s, first ? begun->turn : NULL, b, first ? begun->t0 : now, dl, &outcome, err);
        *connecting = outcome.connecting;
        /* The server restarted, or closed an idle connection. Every command here may be repeated (scripts know their token), except those in a
         * `once` batch. */
        if (st == MC_OK || !outcome.lost || attempt > 0 || b->once)
            return st;
        b->repeated = b->sent;
        forget_replies(b);
        suspect_all(r);
        now = mci_now_ns();
    }
}

/* ---- the breaker -------------------------------------------------------------------------------------------------- */

static mc_status stopped(mci_redis *r, mc_error *err)
{
    mci_mutex_lock(&r->lock);
    mc_error last = r->last_error;
    mci_mutex_unlock(&r->lock);
    return mci_fail_code(err, last.code == MC_E_AUTH || last.code == MC_E_TLS ? last.code : MC_E_CACHE, MC_TIER_REDIS,
                         last.backend_code, "waiting before trying Redis again; last: %.400s", last.text);
}

/* What the exchange says about the server. While all is well nobody takes the lock. */
static void judge(mci_redis *r, mc_status st, mci_gate gate, int server_fault, int connecting, const mc_error *why)
{
    if (st == MC_OK && gate == MCI_GATE_GO && atomic_load_explicit(&r->well, memory_order_relaxed))
        return;
    mci_mutex_lock(&r->lock);
    int was_up = r->breaker.open_until_ns == 0;
    if (st == MC_OK)
        mci_breaker_success(&r->breaker, gate);
    else if (server_fault || gate == MCI_GATE_PROBE)
        mci_breaker_failure(&r->breaker, gate, st, connecting, mci_now_ns(), mci_random_u64(r->rnd));
    if (st != MC_OK)
        r->last_error = *why;
    int is_up = r->breaker.open_until_ns == 0;
    atomic_store_explicit(&r->up, is_up, memory_order_relaxed);
    atomic_store_explicit(&r->well, is_up && r->breaker.failures == 0, memory_order_relaxed);
    mci_mutex_unlock(&r->lock);
    if (r->opt.quiet)
        return;
    mci_gauge_set(r->metrics, MCI_C_REDIS_UP, is_up);
    if (was_up != is_up)
        mci_log_write(r->log, is_up ? MC_LOG_INFO : MC_LOG_WARN, is_up ? "Redis answers again%s" : "Redis is away: %s",
                      is_up ? "" : why->text);
}

static mc_status guarded_exchange(mci_redis *r, mci_begun *begun, mci_batch *b, mci_deadline dl, int force, mc_error *err)
{
    mci_gate gate = MCI_GATE_GO;
    int64_t now = mci_now_ns();
    if (begun == NULL && !atomic_load_explicit(&r->well, memory_order_relaxed)) {
        mci_mutex_lock(&r->lock);
        gate = mci_breaker_enter(&r->breaker, now);
        mci_mutex_unlock(&r->lock);
    }
    if (gate == MCI_GATE_STOP && !force)
        return stopped(r, err);
    /* Too late to ask: no reason to throw a good connection away. */
    if (now >= dl && gate == MCI_GATE_GO && begun == NULL)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS, "the deadline had passed before Redis was asked");
    int connecting = 0;
    mc_error here = {0};
    mc_status st =
        one_exchange(r, begun, b, now, mci_deadline_min(dl, now + r->opt.timeout_ms * 1000000), &connecting, &here);
    /* A place on the line that was not reached in time, or a caller's short deadline, says nothing about the server. */
    int server_fault = st != MC_OK && st != MC_E_NOMEM && (connecting || b->sent);
    judge(r, st, force ? MCI_GATE_PROBE : gate, server_fault, connecting, &here);
    if (st != MC_OK) {
        mci_count(r->metrics, MCI_C_REDIS_ERRORS);
        if (err != NULL)
            *err = here;
    }
    return st;
}

/* ---- batches ------------------------------------------------------------------------------------------------------ */

/* The commands the server had no script for, once more with the script's text. */
static mc_status resend_scripts(mci_redis *r, mci_batch *b, mci_deadline dl, mc_error *err)
{
    mci_batch full;
    size_t missing = mci_resend_pack(b, &full);
    if (missing == 0)
        return MC_OK;
    mc_status st = full.out.failed ? mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a script")
                                   : guarded_exchange(r, NULL, &full, dl, 0, err);
    if (st == MC_OK) {
        mci_resend_take(b, &full);
        mci_add(r->metrics, MCI_C_REDIS_SCRIPTS_RESENT, (int64_t)missing);
    }
    mci_batch_free(&full);
    return st;
}

static mc_status check_batch(mci_batch *b, mc_error *err)
{
    mci_batch_seal(b);
    return b->out.failed ? mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the commands, or above 64 MiB") : MC_OK;
}

/* From its first exchange on. */
static mc_status finish(mci_redis *r, mci_begun *begun, mci_batch *b, mci_deadline dl, mc_error *err)
{
    mc_status st = guarded_exchange(r, begun, b, dl, 0, err);
    if (st == MC_OK)
        st = resend_scripts(r, b, dl, err);
    if (st == MC_OK && b->unposted)
        mci_scripts_learn(&r->scripts, b);
    return st;
}

mc_status mci_redis_exec(mci_redis *r, mci_batch *b, mci_deadline dl, mc_error *err)
{
    mc_status st = check_batch(b, err);
    return st != MC_OK || b->n == 0 ? st : finish(r, NULL, b, dl, err);
}

/* 1: it is on its way. A server that is not well is asked in its turn. */
static int begin(mci_redis *r, mci_batch *b, mci_begun *out, mc_error *err)
{
    if (!atomic_load_explicit(&r->well, memory_order_relaxed))
        return 0;
    out->shared = choose(r);
    out->t0 = mci_now_ns();
    (void)atomic_fetch_add_explicit(&out->shared->callers, 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&r->callers, 1, memory_order_relaxed);
    out->turn = mci_shared_begin(out->shared, b, wants_check(r, out->shared, b, out->t0), out->t0, err);
    if (out->turn != NULL)
        return 1;
    (void)atomic_fetch_sub_explicit(&r->callers, 1, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&out->shared->callers, 1, memory_order_relaxed);
    return 0;
}

#define SIDE_BY_SIDE 64

static void exec_some(mci_redis_part *part, size_t n, mci_deadline dl)
{
    mci_begun begun[SIDE_BY_SIDE];
    int sent[SIDE_BY_SIDE];
    for (size_t i = 0; i < n; i++) {
        mci_redis_part *p = &part[i];
        p->status = check_batch(p->batch, &p->err);
        sent[i] = p->status == MC_OK && p->batch->n > 0 && begin(p->redis, p->batch, &begun[i], &p->err);
    }
    for (size_t i = 0; i < n; i++)
        if (sent[i] || (part[i].status == MC_OK && part[i].batch->n > 0))
            part[i].status = finish(part[i].redis, sent[i] ? &begun[i] : NULL, part[i].batch, dl, &part[i].err);
}

void mci_redis_exec_all(mci_redis_part *part, size_t n, mci_deadline dl)
{
    for (size_t i = 0; i < n; i += SIDE_BY_SIDE)
        exec_some(part + i, n - i < SIDE_BY_SIDE ? n - i : SIDE_BY_SIDE, dl);
}

void mci_redis_readdress(mci_redis *r, const char *host, int port)
{
    mci_mutex_lock(&r->lock);
    (void)snprintf(r->opt.addr.host, sizeof r->opt.addr.host, "%s", host);
    r->opt.addr.port = port;
    r->known = (mci_addresses){0};
    (void)atomic_fetch_add_explicit(&r->generation, 1, memory_order_relaxed);
    r->breaker.open_until_ns = 0;
    r->breaker.failures = 0;
    atomic_store_explicit(&r->well, 0, memory_order_relaxed);
    mci_mutex_unlock(&r->lock);
    mci_scripts_forget(&r->scripts);
    for (int64_t i = 0; i < r->opt.connections; i++)
        mci_shared_drop(&r->shared[i]);
}

void mci_redis_address(mci_redis *r, mci_redis_addr *out)
{
    mci_mutex_lock(&r->lock);
    *out = r->opt.addr;
    mci_mutex_unlock(&r->lock);
}

int mci_redis_post(mci_redis *r, mci_batch *b, mci_posted_fn fn, void *ctx)
{
    mci_batch_seal(b);
    if (b->out.failed || b->n == 0 || b->out.len > POST_BYTES || !atomic_load_explicit(&r->well, memory_order_relaxed) ||
        !mci_scripts_are_known(&r->scripts, b) || mci_shared_post(choose(r), b, fn, ctx) != 0) {
        b->unposted = 1;
        return -1;
    }
    return 0;
}

void mci_redis_posted(mci_redis *r, const mci_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (mci_is_noscript(&b->cmds[i]))
            mci_scripts_forget(&r->scripts);
}

mc_status mci_redis_ping(mci_redis *r, mci_deadline dl, mc_error *err)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "PING");
    mci_batch_seal(&b);
    mc_status st = guarded_exchange(r, NULL, &b, dl, 1, err);
    if (st == MC_OK)
        st = mci_reply_error(mci_batch_reply(&b, 0), "PING", err);
    mci_batch_free(&b);
    return st;
}
