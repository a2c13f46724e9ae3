/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the only sockets of the Redis side. Refuses: reuse after a fault, time-outs that restart with each byte (deadlines are
 * absolute), and SIGPIPE: hiredis writes with write(2) and would kill a host that keeps the default action, so bytes go out
 * by send(2) with MSG_NOSIGNAL here and hiredis only decodes.
 */
#include "redis/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_CHUNK 16384
#define SLOW_BYTES ((size_t)1 << 20) /* a text above this that does not come in time is too large for this connection */

static mc_status net_fail(mc_error *err, mc_status st, int code, const mci_redis_addr *a, const char *what)
{
    char text[128] = "";
    if (code != 0 && strerror_r(code, text, sizeof text) != 0)
        text[0] = '\0';
    if (a->path[0] != '\0')
        return mci_fail_code(err, st, MC_TIER_REDIS, code, "Redis at unix socket %.100s: %s%s%s", a->path, what,
                             text[0] != '\0' ? ": " : "", text);
    return mci_fail_code(err, st, MC_TIER_REDIS, code, "Redis at %.100s:%d: %s%s%s", a->host, a->port, what,
                         text[0] != '\0' ? ": " : "", text);
}

static int wait_connected(int fd, mci_deadline dl)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    for (;;) {
        int rc = poll(&p, 1, mci_deadline_left_ms(dl));
        if (rc > 0)
            break;
        if (rc == 0)
            return ETIMEDOUT;
        if (errno != EINTR)
            return errno;
    }
    int code = 0;
    socklen_t len = sizeof code;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0)
        return errno;
    return code;
}

/* A unix socket: at once, or not at all. Returns an errno. */
static int connect_one(const struct sockaddr *sa, socklen_t len, mci_deadline dl, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int code = 0;
    if (connect(fd, sa, len) != 0) {
        code = errno;
        if (code == EINPROGRESS || code == EINTR)
            code = wait_connected(fd, dl);
        else if (code == EAGAIN) /* a full backlog */
            code = ECONNREFUSED;
    }
    if (code == 0) {
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
            code = errno;
    }
    if (code != 0) {
        (void)close(fd);
        return code;
    }
    *out = fd;
    return 0;
}

static mc_status connect_unix(const mci_redis_addr *a, mci_deadline dl, int *fd, mc_error *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    memcpy(sa.sun_path, a->path, strnlen(a->path, sizeof sa.sun_path - 1));
    int code = connect_one((struct sockaddr *)&sa, sizeof sa, dl, fd);
    return code == 0 ? MC_OK : net_fail(err, code == ETIMEDOUT ? MC_E_TIMEOUT : MC_E_CACHE, code, a, "cannot connect");
}

static mc_status connect_tcp(const mci_redis_addr *a, mci_addresses *known, mci_deadline dl, int *fd, mc_error *err)
{
    int64_t asked_ns = known->asked_ns;
    int rc = mci_resolve(a, known);
    if (rc != 0)
        return net_fail(err, MC_E_CACHE, 0, a, gai_strerror(rc));
    if (mci_deadline_left_ms(dl) == 0 && known->asked_ns != asked_ns) {
        char what[80];
        (void)snprintf(what, sizeof what, "the name took %lld ms to resolve, which was all the time",
                       (long long)(known->took_ns / 1000000));
        return net_fail(err, MC_E_TIMEOUT, 0, a, what);
    }
    int code = mci_connect_any(known, dl, fd);
    if (code == 0)
        return MC_OK;
    char what[64] = "cannot connect";
    if (known->n > 1)
        (void)snprintf(what, sizeof what, "cannot connect to any of its %zu addresses", known->n);
    return net_fail(err, code == ETIMEDOUT ? MC_E_TIMEOUT : MC_E_CACHE, code, a, what);
}

static int set_timeout(mci_conn *c, mci_deadline dl)
{
    int left = mci_deadline_left_ms(dl);
    if (left <= 0)
        return -1;
    /* A time-out that is at most a tenth off saves two system calls per exchange; the deadline itself is checked after. */
    if (c->timeout_ms > 0 && left <= c->timeout_ms && left >= c->timeout_ms - c->timeout_ms / 10)
        return 0;
    struct timeval tv = {.tv_sec = left / 1000, .tv_usec = (left % 1000) * 1000};
    if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) != 0 ||
        setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv) != 0)
        return -1;
    c->timeout_ms = left;
    return 0;
}

static mc_status timed_out(mc_error *err, const char *what)
{
    return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS, "Redis did not %s within the deadline; the connection was closed",
                    what);
}

static mc_status send_all(mci_conn *c, mci_batch *b, mci_deadline dl, int *eof, mc_error *err)
{
    const char *p = b->out.data;
    size_t left = b->out.len;
    while (left > 0) {
        if (set_timeout(c, dl) != 0)
            return timed_out(err, "take the commands");
        ssize_t n = send(c->fd, p, left, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
                continue; /* the deadline decides at the top */
            *eof = errno == EPIPE || errno == ECONNRESET;
            return mci_fail_code(err, MC_E_CACHE, MC_TIER_REDIS, errno,
                                 "Redis closed the connection while commands were sent");
        }
        b->sent = 1;
        p += n;
        left -= (size_t)n;
    }
    return MC_OK;
}

/* The reply under way is too large, and those behind it cannot be had without it. */
static mc_status refuse_rest(mci_conn *c, mci_batch *b, size_t next, mci_reply *first, mc_error *err)
{
    mci_reply *rest = next + 1 < b->n ? mci_reply_refused(&b->arena, 0) : NULL;
    if (first == NULL || (rest == NULL && next + 1 < b->n))
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a reply of Redis");
    b->cmds[next].reply = first;
    for (size_t i = next + 1; i < b->n; i++)
        b->cmds[i].reply = rest;
    c->spent = 1;
    return MC_OK;
}

/* Take every complete reply out of the decoder. MC_OK: read on, unless all are there or the connection is spent. */
static mc_status take_replies(mci_conn *c, mci_batch *b, size_t *next, size_t *begun, mc_error *err)
{
    const char *why = "";
    while (*next < b->n) {
        mci_reply *r = NULL;
        int rc = mci_decoder_take(c->decoder, &r, &why);
        if (rc == -3)
            return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a reply of Redis");
        if (rc == -2) {
            /* No single text was too large. Was it this reply by itself (half: the arena holds more than texts), or those before it? */
            size_t own = b->arena.total - *begun;
            if (r->len == 0 && own > MCI_TEXT_MAX)
                r->len = own / 2;
            return refuse_rest(c, b, *next, r, err);
        }
        if (rc < 0)
            return mci_fail(err, MC_E_PROTO, MC_TIER_REDIS,
                            "Redis sent something that is not a reply (%s); connection closed", why);
        if (rc == 0)
            return MC_OK;
        b->cmds[(*next)++].reply = r;
        *begun = b->arena.total;
    }
    /* Not asked of the decoder: it would begin a reply in this batch's arena, which the next batch does not have. */
    if (mci_decoder_left(c->decoder) != 0)
        return mci_fail(err, MC_E_PROTO, MC_TIER_REDIS, "Redis sent more replies than commands; the connection was closed");
    return MC_OK;
}

/* The deadline passed while replies were awaited: the server's fault, unless one text is so large that it takes the time. */
static mc_status late(mci_conn *c, mci_batch *b, size_t next, mc_error *err)
{
    size_t size = mci_decoder_awaits(c->decoder);
    if (size <= SLOW_BYTES)
        return timed_out(err, "answer");
    return refuse_rest(c, b, next, mci_reply_refused(&b->arena, size), err);
}

mc_status mci_conn_exchange(mci_conn *c, mci_batch *b, mci_deadline dl, int *eof, mc_error *err)
{
    char chunk[READ_CHUNK];
    size_t next = 0;
    size_t begun = 0; /* what the arena held when the reply under way began */
    int any = 0;
    *eof = 0;
    mc_status st = send_all(c, b, dl, eof, err);
    if (st != MC_OK)
        return st;
    mci_decoder_arena(c->decoder, &b->arena);
    while (next < b->n && !c->spent) {
        if (set_timeout(c, dl) != 0)
            return late(c, b, next, err);
        ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
            continue;
        if (n <= 0) {
            *eof = !any;
            return mci_fail_code(err, MC_E_CACHE, MC_TIER_REDIS, n < 0 ? errno : 0, "Redis closed the connection");
        }
        any = 1;
        if (mci_decoder_feed(c->decoder, chunk, (size_t)n) != 0)
            return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a reply of Redis");
        st = take_replies(c, b, &next, &begun, err);
        if (st != MC_OK)
            return st;
    }
    c->used = 1;
    c->last_used_ns = mci_now_ns();
    return MC_OK;
}

int mci_conn_is_dead(const mci_conn *c)
{
    char byte;
    ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return !(n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* AUTH, SELECT and TIME in one exchange. */
static mc_status hello(mci_conn *c, const mci_redis_addr *a, mci_deadline dl, int64_t *redis_ms, mc_error *err)
{
    mci_batch b;
    mci_batch_init(&b);
    (void)mci_buf_reserve(
        &b.out,
        2048); /* it must not grow and leave the password in the smaller one; what is short of memory says so below */
    if (a->password[0] != '\0' || a->user[0] != '\0') {
        mci_cmd(&b, "AUTH");
        if (a->user[0] != '\0')
            mci_arg_str(&b, a->user);
        mci_arg_str(&b, a->password);
    }
    if (a->db != 0) {
        mci_cmd(&b, "SELECT");
        mci_arg_int(&b, a->db);
    }
    mci_cmd(&b, "TIME");
    mci_batch_seal(&b);
    int eof = 0;
    mc_status st = b.out.failed ? mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory to log in to Redis")
                                : mci_conn_exchange(c, &b, dl, &eof, err);
    for (size_t i = 0; st == MC_OK && i < b.n; i++) {
        const mci_reply *r = mci_batch_reply(&b, i);
        st = mci_reply_error(r, "log in", err);
        if (st == MC_E_CACHE && (strncmp(r->u.str, "ERR DB index", 12) == 0 || strncmp(r->u.str, "ERR invalid DB", 14) == 0))
            st = mci_fail(err, MC_E_URI, MC_TIER_REDIS, "this Redis has no database %d (cache.uri names it)", (int)a->db);
    }
    if (st == MC_OK) {
        const mci_reply *time = mci_batch_reply(&b, b.n - 1);
        int64_t s = 0;
        int64_t us = 0;
        if (mci_reply_count(mci_reply_item(time, 0), &s) != 0 || mci_reply_count(mci_reply_item(time, 1), &us) != 0 ||
            s > MCI_COUNT_MAX / 1000 - 1 || us > 999999)
            st = mci_fail(err, MC_E_PROTO, MC_TIER_REDIS, "Redis answered TIME with something else");
        else
            *redis_ms = s * 1000 + us / 1000;
    }
    mci_buf_wipe(&b.out); /* the password was in it */
    mci_batch_free(&b);
    return st;
}

mc_status mci_conn_open(const mci_redis_addr *addr, mci_addresses *known, mci_deadline dl, mci_conn **out, int64_t *redis_ms,
                        mc_error *err)
{
    *out = NULL;
    mci_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a connection");
    c->fd = -1;
    c->decoder = mci_decoder_new();
    mc_status st = MC_OK;
    if (c->decoder == NULL)
        st = mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a connection");
    if (st == MC_OK)
        st = addr->path[0] != '\0' ? connect_unix(addr, dl, &c->fd, err) : connect_tcp(addr, known, dl, &c->fd, err);
    if (st == MC_OK)
        st = hello(c, addr, dl, redis_ms, err);
    if (st != MC_OK) {
        mci_conn_close(c);
        return st;
    }
    c->used = 0;
    *out = c;
    return MC_OK;
}

void mci_conn_close(mci_conn *c)
{
    if (c == NULL)
        return;
    if (c->fd >= 0)
        (void)close(c->fd);
    mci_decoder_free(c->decoder);
    free(c);
}
