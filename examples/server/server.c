/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how MHD is used, and the connections. MHD's own time limit starts again with every byte; this file refuses clients
 * that take longer than the limit for a whole request, however steadily they trickle, and bodies above the limit. A client
 * is answered 413 only after its body was read (and dropped), so that it is listening; unless the body has no end.
 */
#include "server.h"
#include "guard.h"
#include "log.h"
#include "metrics.h"
#include "respond.h"
#include "router.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define POOL_BYTES 65536 /* per connection: what MHD keeps of a request's header; above it MHD itself answers 431 or 414 */
#define DRAIN_FACTOR 8   /* so many times the limit of a body are read and dropped before the client is cut off */

#define IDLE_SECONDS 1 /* MHD's limit is longer than this file's by so much, so that there is an answer to who is slow */

/* SERVING has no limit here: the calls of the library have theirs. */
enum state { WAITING, READING, SERVING, ANSWERING, CUT };

typedef struct connection {
    struct connection *prev, *next;
    int fd;
    enum state state;
    int64_t since_ns; /* when this state began */
} connection;

struct server {
    app *app;
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* over the list and the state of each connection */
    connection *connections;
    atomic_int requests; /* under way */
};

/* One request, with what only this file wants to know about it. */
typedef struct exchange {
    request r;
    server *server;
    connection *connection;
    int begun;   /* its header was checked */
    int runs;    /* a route was found: its handler is to be run */
    size_t room; /* bytes at r.body */
    expectation expects;
} exchange;

/* ---- Connections */

static int set_state(server *s, connection *c, enum state state)
{
    pthread_mutex_lock(&s->lock);
    int alive = c->state != CUT;
    if (alive) {
        c->state = state;
        c->since_ns = now_ns();
    }
    pthread_mutex_unlock(&s->lock);
    return alive;
}

static connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_connection(void *user, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
    server *s = user;
    connection *c = *context;
    pthread_mutex_lock(&s->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        c = info ? calloc(1, sizeof *c) : NULL;
        if (c) {
            c->fd = info->connect_fd;
            c->since_ns = now_ns();
            c->next = s->connections;
            if (c->next)
                c->next->prev = c;
            s->connections = c;
        }
        *context = c;
    } else if (c) {
        if (c->prev)
            c->prev->next = c->next;
        else
            s->connections = c->next;
        if (c->next)
            c->next->prev = c->prev;
        free(c);
        *context = NULL;
    }
    pthread_mutex_unlock(&s->lock);
}

/*
 * Answers past MHD, which can answer only before or after a body, and ends the connection. Nothing of an answer of MHD is
 * under way: the state is WAITING or READING, and no other can begin any more. With the lock held.
 */
static void cut(connection *c, int status, const char *detail)
{
    char body[256];
    char whole[640];
    int n = snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
                     status_title(status), status, detail);
    int size =
        snprintf(whole, sizeof whole,
                 "HTTP/1.1 %d %s\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                 "Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s",
                 status, status_title(status), n, body);
    c->state = CUT;
    /* What does not fit into an empty socket is lost: the client gets no second chance to be slow. */
    if (send(c->fd, whole, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT) == size)
        metrics_refused(status);
    shutdown(c->fd, SHUT_RDWR);
}

void server_watch(server *s)
{
    int64_t limit = (int64_t)s->app->limits.timeout_s * 1000000000;
    int64_t now = now_ns();
    pthread_mutex_lock(&s->lock);
    for (connection *c = s->connections; c; c = c->next) {
        /* An idle connection is MHD's to end, silently: who is still here after that has sent something. */
        if (now - c->since_ns < limit + (c->state == WAITING ? 2 * IDLE_SECONDS * 1000000000 : 0))
            continue;
        if (c->state == WAITING || c->state == READING) {
            cut(c, 408, "the request did not arrive in time");
        } else if (c->state == ANSWERING) {
            c->state = CUT;
            shutdown(c->fd, SHUT_RDWR);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- A request */

static void *on_target(void *user, const char *target, struct MHD_Connection *mhd)
{
    server *s = user;
    exchange *x = calloc(1, sizeof *x);
    atomic_fetch_add(&s->requests, 1);
    metrics_begin();
    if (!x)
        return NULL;
    x->server = s;
    x->connection = connection_of(mhd);
    x->r.app = s->app;
    x->r.mhd = mhd;
    x->r.begun_ns = now_ns();
    x->r.target = strdup(target);
    if (x->connection)
        set_state(s, x->connection, READING);
    return x;
}

static void on_completed(void *user, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
    server *s = user;
    exchange *x = *context;
    (void)code;
    if (x) {
        if (x->connection)
            set_state(s, x->connection, WAITING);
        if (s->app->access_log && x->r.status)
            log_access(&x->r, mhd);
        request_clear(&x->r);
        free(x);
    }
    *context = NULL;
    metrics_end();
    atomic_fetch_sub(&s->requests, 1);
}

static enum MHD_Result answer(exchange *x)
{
    request *r = &x->r;
    if (x->connection && !set_state(x->server, x->connection, ANSWERING))
        return MHD_NO;
    if (r->refused.status)
        write_problem(r);
    if (r->out.failed) {
        static const char sorry[] = "{\"type\":\"/problems/no-memory\",\"title\":\"Service Unavailable\",\"status\":503}";
        text_free(&r->out);
        r->status = 503;
        r->content_type = "application/problem+json";
        r->fixed = sorry;
        r->fixed_size = sizeof sorry - 1;
    }
    if (r->status == 503)
        add_header(r, "Retry-After", "1");
    metrics_answered(r);
    struct MHD_Response *m = make_response(r);
    enum MHD_Result queued = m ? MHD_queue_response(r->mhd, (unsigned)r->status, m) : MHD_NO;
    if (m)
        MHD_destroy_response(m);
    return queued;
}

/* The header is here; the body is not. */
static enum MHD_Result begin(exchange *x, const char *method, const char *version)
{
    request *r = &x->r;
    r->method = method;
    x->begun = 1;
    if (!r->target)
        refuse_status(r, MC_E_NOMEM, NULL);
    else if (check_headers(r, version, &x->expects) && parse_target(r, r->target) && find_route(r))
        x->runs = check_body(r, &x->expects);
    /* Mostly the answer waits until the body was read, and dropped: then the client listens. */
    int endless = x->expects.length > (int64_t)r->app->limits.body * DRAIN_FACTOR;
    if (!r->refused.status || !(x->expects.broken || x->expects.continues || endless))
        return MHD_YES;
    /* Nobody reads this body, or nobody knows where it ends: MHD closes the connection after an answer at this point. */
    return answer(x);
}

/* A piece of the body. It is kept while it fits, and while it is wanted. */
static enum MHD_Result receive(exchange *x, const char *data, size_t size)
{
    request *r = &x->r;
    size_t limit = r->app->limits.body;
    r->body_size += size;
    if (r->body_size > limit * DRAIN_FACTOR) {
        pthread_mutex_lock(&x->server->lock);
        if (x->connection && x->connection->state == READING)
            cut(x->connection, 413, "body: too long");
        pthread_mutex_unlock(&x->server->lock);
        return MHD_NO;
    }
    if (r->body_size > limit)
        refuse(r, 413, "too-big", "body: longer than %zu bytes", limit);
    if (r->refused.status)
        return MHD_YES;
    if (r->body_size > x->room) {
        size_t room = x->room ? x->room * 2 : 4096;
        while (room < r->body_size)
            room *= 2;
        char *body = realloc(r->body, room);
        if (!body) {
            refuse_status(r, MC_E_NOMEM, NULL);
            return MHD_YES;
        }
        r->body = body;
        x->room = room;
    }
    memcpy(r->body + r->body_size - size, data, size);
    return MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **context)
{
    exchange *x = *context;
    (void)user;
    (void)mhd;
    (void)url;
    if (!x)
        return MHD_NO; /* memory was short */
    if (!x->begun)
        return begin(x, method, version);
    if (*size > 0) {
        size_t n = *size;
        *size = 0;
        return receive(x, data, n);
    }
    if (x->runs && !x->r.refused.status) {
        if (x->connection && !set_state(x->server, x->connection, SERVING))
            return MHD_NO;
        x->r.status = 200;
        x->r.content_type = "application/json";
        x->r.route->run(&x->r);
    }
    return answer(x);
}

/* ---- Start and stop */

/* Paths and queries are decoded here, not by MHD, which would pass an encoded NUL or slash for a real one. */
static size_t leave_encoded(void *user, struct MHD_Connection *mhd, char *s)
{
    (void)user;
    (void)mhd;
    return strlen(s);
}

/* As strict about requests as RFC 9112 wants it; guard.c does what versions before that option do not. */
#if MHD_VERSION >= 0x00097701
#define STRICTNESS MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1
#else
#define STRICTNESS MHD_OPTION_STRICT_FOR_CLIENT, 0
#endif

server *server_start(app *a, int listener, unsigned threads)
{
    server *s = calloc(1, sizeof *s);
    if (!s) {
        close(listener);
        return NULL;
    }
    s->app = a;
    pthread_mutex_init(&s->lock, NULL);
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT, a->limits.connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, a->limits.per_ip, MHD_OPTION_CONNECTION_TIMEOUT,
        a->limits.timeout_s + IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, STRICTNESS,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
    if (s->daemon)
        return s;
    close(listener);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

void server_stop(server *s, int seconds)
{
    const struct timespec pause = {0, 20000000};
    int64_t deadline = now_ns() + (int64_t)seconds * 1000000000;
    int64_t quiet_ns = now_ns();
    atomic_store(&s->app->stopping, 1); /* answers say "Connection: close" from now on */
    int listener = MHD_quiesce_daemon(s->daemon);
    if (listener >= 0)
        shutdown(listener,
                 SHUT_RDWR); /* refused from now on; a thread of MHD may still hold the number, so it is closed later */
    /* A request may just be on its way on a connection that looks idle: a quarter of a second without any must have passed. */
    while (now_ns() < deadline && now_ns() - quiet_ns < 250000000) {
        nanosleep(&pause, NULL);
        server_watch(s);
        if (atomic_load(&s->requests) > 0)
            quiet_ns = now_ns();
    }
    MHD_stop_daemon(s->daemon);
    if (listener >= 0)
        close(listener);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
