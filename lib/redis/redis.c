/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the pool (bounded, last in first out), the breaker, re-sending of scripts. Refuses: a second attempt at anything but a
 * connection that had gone stale while idle, and any use of a connection after a fault.
 */
#include "redis/redis.h"

#include "base/breaker.h"
#include "base/sync.h"
#include "redis/conn.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_CHECK_NS INT64_C(1000000000)

struct mci_redis {
    mci_redis_options opt;
    mci_random *rnd;
    mci_metrics *metrics;
    mci_log *log;
    mci_mutex lock; /* guards everything below but the clock */
    mci_cond freed;
    mci_conn *idle;
    int64_t open; /* connections in use, idle, or being opened */
    mci_breaker breaker;
    mci_addresses known; /* of the host */
    mc_error last_error;
    _Atomic int64_t clock_offset_ms; /* server time minus monotonic time; 0: not known */
};

mc_status mci_redis_open(const mci_redis_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log, mci_redis **out,
                         mc_error *err)
{
    *out = NULL;
    mci_redis *r = calloc(1, sizeof *r);
    if (r == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the Redis pool");
    r->opt = *opt;
    r->rnd = rnd;
    r->metrics = metrics;
    r->log = log;
    r->breaker.min_ns = opt->backoff_min_ms * 1000000;
    r->breaker.max_ns = opt->backoff_max_ms * 1000000;
    r->breaker.threshold = opt->breaker_failures;
    atomic_init(&r->clock_offset_ms, 0);
    if (mci_mutex_init(&r->lock) != 0) {
        free(r);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the Redis pool");
    }
    if (mci_cond_init(&r->freed) != 0) {
        mci_mutex_destroy(&r->lock);
        free(r);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the Redis pool");
    }
    *out = r;
    return MC_OK;
}

void mci_redis_close(mci_redis *r)
{
    if (r == NULL)
        return;
    while (r->idle != NULL) {
        mci_conn *next = r->idle->next;
        mci_conn_close(r->idle);
        r->idle = next;
    }
    mci_cond_destroy(&r->freed);
    mci_mutex_destroy(&r->lock);
    mci_redis_addr_wipe(&r->opt.addr);
    free(r);
}

int64_t mci_redis_now_ms(const mci_redis *r)
{
    int64_t offset = atomic_load_explicit(&r->clock_offset_ms, memory_order_relaxed);
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
    mci_mutex_lock(&r->lock);
    int up = r->breaker.open_until_ns == 0;
    mci_mutex_unlock(&r->lock);
    return up;
}

static void discard_conn(mci_redis *r, mci_conn *c)
{
    mci_conn_close(c);
    mci_mutex_lock(&r->lock);
    r->open--;
    mci_cond_signal(&r->freed);
    mci_mutex_unlock(&r->lock);
    mci_add(r->metrics, MCI_C_REDIS_CONNECTIONS, -1);
}

static void release_conn(mci_redis *r, mci_conn *c)
{
    mci_mutex_lock(&r->lock);
    c->next = r->idle;
    r->idle = c;
    mci_cond_signal(&r->freed);
    mci_mutex_unlock(&r->lock);
}

static void drop_idle(mci_redis *r)
{
    mci_mutex_lock(&r->lock);
    mci_conn *list = r->idle;
    r->idle = NULL;
    for (mci_conn *c = list; c != NULL; c = c->next)
        r->open--;
    mci_cond_broadcast(&r->freed);
    mci_mutex_unlock(&r->lock);
    while (list != NULL) {
        mci_conn *next = list->next;
        mci_conn_close(list);
        mci_add(r->metrics, MCI_C_REDIS_CONNECTIONS, -1);
        list = next;
    }
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

/* Take an idle connection, or the right to open one (`*out` is then NULL). */
static mc_status check_out(mci_redis *r, mci_deadline dl, mci_conn **out, mc_error *err)
{
    *out = NULL;
    mci_mutex_lock(&r->lock);
    while (r->idle == NULL && r->open >= r->opt.pool_max) {
        if (mci_cond_wait(&r->freed, &r->lock, dl) != 0) {
            mci_mutex_unlock(&r->lock);
            return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS,
                            "no Redis connection was free within the deadline (cache.pool_max is %d)", (int)r->opt.pool_max);
        }
    }
    if (r->idle != NULL) {
        *out = r->idle;
        r->idle = (*out)->next;
    } else {
        r->open++;
    }
    mci_mutex_unlock(&r->lock);
    return MC_OK;
}

/* `sure`: what is sent may not be sent again, so the connection is looked at however short ago it was used. */
static mc_status get_conn(mci_redis *r, mci_deadline dl, int sure, mci_conn **out, int *connecting, mc_error *err)
{
    *connecting = 0;
    for (;;) {
        mc_status st = check_out(r, dl, out, err);
        if (st != MC_OK)
            return st;
        if (*out == NULL)
            break;
        if ((!sure && mci_now_ns() - (*out)->last_used_ns < IDLE_CHECK_NS) || !mci_conn_is_dead(*out))
            return MC_OK;
        discard_conn(r, *out);
    }
    *connecting = 1;
    mci_deadline connect_dl = mci_deadline_min(dl, mci_deadline_in(r->opt.connect_timeout_ms));
    int64_t redis_ms = 0;
    mci_mutex_lock(&r->lock);
    mci_addresses known = r->known;
    mci_mutex_unlock(&r->lock);
    int64_t before_ns = mci_now_ns();
    mc_status st = mci_conn_open(&r->opt.addr, &known, connect_dl, out, &redis_ms, err);
    mci_mutex_lock(&r->lock);
    r->known = known;
    mci_mutex_unlock(&r->lock);
    if (st != MC_OK) {
        mci_mutex_lock(&r->lock);
        r->open--;
        mci_cond_signal(&r->freed);
        mci_mutex_unlock(&r->lock);
        return st;
    }
    saw_first_time(r, redis_ms, before_ns);
    mci_count(r->metrics, MCI_C_REDIS_CONNECTS);
    mci_add(r->metrics, MCI_C_REDIS_CONNECTIONS, 1);
    return MC_OK;
}

static mc_status one_exchange(mci_redis *r, mci_batch *b, mci_deadline dl, int *connecting, mc_error *err)
{
    for (int attempt = 0;; attempt++) {
        mci_conn *c = NULL;
        mc_status st = get_conn(r, dl, b->once, &c, connecting, err);
        if (st != MC_OK)
            return st;
        int was_used = c->used;
        int eof = 0;
        int64_t t0 = mci_now_ns();
        st = mci_conn_exchange(c, b, dl, &eof, err);
        if (st == MC_OK) {
            b->round_trips++;
            mci_count(r->metrics, MCI_C_REDIS_ROUND_TRIPS);
            mci_time(r->metrics, MCI_H_REDIS_EXCHANGE, mci_now_ns() - t0);
            if (c->spent) {
                mci_log_write(r->log, MC_LOG_WARN, "%s", "a reply of Redis was above a limit; the connection was closed");
                discard_conn(r, c);
            } else {
                release_conn(r, c);
            }
            return MC_OK;
        }
        discard_conn(r, c);
        /* The server restarted, or closed an idle connection: the others in the pool are as dead. Every command here may be
         * repeated (scripts know their token), except those in a `once` batch. */
        if (!(eof && was_used && attempt == 0 && !b->once))
            return st;
        b->repeated = b->sent;
        drop_idle(r);
    }
}

static mc_status guarded_exchange(mci_redis *r, mci_batch *b, mci_deadline dl, int force, mc_error *err)
{
    mci_mutex_lock(&r->lock);
    mci_gate gate = mci_breaker_enter(&r->breaker, mci_now_ns());
    mc_error last = r->last_error;
    mci_mutex_unlock(&r->lock);
    if (gate == MCI_GATE_STOP && !force)
        return mci_fail_code(err, last.code == MC_E_AUTH ? MC_E_AUTH : MC_E_CACHE, MC_TIER_REDIS, last.backend_code,
                             "waiting before trying Redis again; last: %.400s", last.text);
    int connecting = 0;
    mc_error here = {0};
    /* Too late to ask: no reason to throw a good connection away. */
    if (mci_deadline_left_ms(dl) == 0 && gate == MCI_GATE_GO)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS, "the deadline had passed before Redis was asked");
    mci_deadline exchange_dl = mci_deadline_min(dl, mci_deadline_in(r->opt.timeout_ms));
    mc_status st = one_exchange(r, b, exchange_dl, &connecting, &here);
    /* A full pool or a caller's short deadline says nothing about the server. */
    int server_fault = st != MC_OK && st != MC_E_NOMEM && (connecting || b->sent);
    mci_mutex_lock(&r->lock);
    int was_up = r->breaker.open_until_ns == 0;
    if (st == MC_OK)
        mci_breaker_success(&r->breaker, force ? MCI_GATE_PROBE : gate);
    else if (server_fault || gate == MCI_GATE_PROBE)
        mci_breaker_failure(&r->breaker, gate, st, connecting, mci_now_ns(), mci_random_u64(r->rnd));
    if (st != MC_OK)
        r->last_error = here;
    int is_up = r->breaker.open_until_ns == 0;
    mci_mutex_unlock(&r->lock);
    mci_gauge_set(r->metrics, MCI_C_REDIS_UP, is_up);
    if (was_up != is_up)
        mci_log_write(r->log, is_up ? MC_LOG_INFO : MC_LOG_WARN, is_up ? "Redis answers again%s" : "Redis is away: %s",
                      is_up ? "" : here.text);
    if (st != MC_OK) {
        mci_count(r->metrics, MCI_C_REDIS_ERRORS);
        if (err != NULL)
            *err = here;
    }
    return st;
}

static int is_noscript(const mci_command *c)
{
    return c->script != NULL && c->reply != NULL && c->reply->type == MCI_REPLY_ERROR &&
           strncmp(c->reply->u.str, "NOSCRIPT", 8) == 0;
}

/* The commands the server had no script for, once more with the script's text. */
static mc_status resend_scripts(mci_redis *r, mci_batch *b, mci_deadline dl, mc_error *err)
{
    size_t missing = 0;
    for (size_t i = 0; i < b->n; i++)
        missing += (size_t)is_noscript(&b->cmds[i]);
    if (missing == 0)
        return MC_OK;
    mci_batch full;
    mci_batch_init(&full);
    full.once = b->once;
    for (size_t i = 0; i < b->n; i++) {
        const mci_command *c = &b->cmds[i];
        if (!is_noscript(c))
            continue;
        size_t end = i + 1 < b->n ? b->cmds[i + 1].begin : b->out.len;
        mci_cmd(&full, "EVAL");
        mci_arg(&full, c->script->text, c->script->len);
        mci_args_raw(&full, b->out.data + c->tail, end - c->tail, c->argc - 2);
    }
    mci_batch_seal(&full);
    mc_status st = full.out.failed ? mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a script")
                                   : guarded_exchange(r, &full, dl, 0, err);
    if (st == MC_OK) {
        size_t k = 0;
        for (size_t i = 0; i < b->n; i++)
            if (is_noscript(&b->cmds[i]))
                b->cmds[i].reply = full.cmds[k++].reply;
        b->resent += (int)missing;
        b->round_trips += full.round_trips;
        mci_add(r->metrics, MCI_C_REDIS_SCRIPTS_RESENT, (int64_t)missing);
        /* The replies live in the other arena now: hand its memory to this batch. */
        mci_arena_adopt(&b->arena, &full.arena);
    }
    mci_batch_free(&full);
    return st;
}

mc_status mci_redis_exec(mci_redis *r, mci_batch *b, mci_deadline dl, mc_error *err)
{
    mci_batch_seal(b);
    if (b->out.failed)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the commands, or above 64 MiB");
    if (b->n == 0)
        return MC_OK;
    mc_status st = guarded_exchange(r, b, dl, 0, err);
    return st == MC_OK ? resend_scripts(r, b, dl, err) : st;
}

mc_status mci_redis_ping(mci_redis *r, mci_deadline dl, mc_error *err)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "PING");
    mci_batch_seal(&b);
    mc_status st = guarded_exchange(r, &b, dl, 1, err);
    if (st == MC_OK)
        st = mci_reply_error(mci_batch_reply(&b, 0), "PING", err);
    mci_batch_free(&b);
    return st;
}
