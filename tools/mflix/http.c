/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: addresses, connections, sending and waiting, each with a deadline. http_answer.c reads what comes. Refuses:
 * https (a benchmark of encryption is another one), names and passwords in the address, a path after it.
 * Sources: RFC 9110, RFC 9112, RFC 3986.
 */
#include "http.h"

#include "app.h"
#include "http_answer.h"
#include "latency.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_MS 100 /* Ctrl-C is noticed after so long at most */

const char *http_outcome_name(http_outcome o)
{
    static const char *const names[HTTP_OUTCOMES] = {"answered", "connect",       "timeout", "closed",
                                                     "protocol", "out of memory", "stopped"};
    return names[o];
}

/* ---- Addresses */

static int parse_port(http_server *s, const char *text, size_t n)
{
    long port = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)text[i]) || n > 5)
            return -1;
        port = port * 10 + (text[i] - '0');
    }
    if (port < 1 || port > 65535)
        return -1;
    snprintf(s->port, sizeof s->port, "%ld", port);
    return 0;
}

/* Letters, digits, and what else names and addresses are made of. */
static int host_ok(const char *host, int bracketed)
{
    for (const char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(bracketed ? ":.%" : "-._", *p))
            return 0;
    return *host != '\0';
}

int http_parse(http_server *s, const char *url, char *why, size_t size)
{
    memset(s, 0, sizeof *s);
    if (strncmp(url, "https://", 8) == 0) {
        snprintf(why, size, "https is not spoken here; give the address behind the proxy, as http://HOST:PORT");
        return -1;
    }
    if (strncmp(url, "http://", 7) != 0) {
        snprintf(why, size, "'%.80s' does not begin with http:// (form: http://HOST:PORT)", url);
        return -1;
    }
    const char *host = url + 7;
    int bracketed = *host == '[';
    host += bracketed;
    size_t n = strcspn(host, bracketed ? "]" : ":/?#@");
    const char *rest = host + n;
    if (n == 0 || n >= sizeof s->host || (bracketed && *rest++ != ']')) {
        snprintf(why, size, "'%.80s' names no host (form: http://HOST:PORT)", url);
        return -1;
    }
    memcpy(s->host, host, n);
    if (strchr(rest, '@') || !host_ok(s->host, bracketed)) {
        snprintf(why, size, "'%.80s' is no host name or address (user names and passwords are not sent)", s->host);
        return -1;
    }
    size_t digits = *rest == ':' ? strcspn(rest + 1, "/?#") : 0;
    if (*rest != ':') {
        memcpy(s->port, "80", 3);
    } else if (parse_port(s, rest + 1, digits)) {
        snprintf(why, size, "the port of '%.80s' is no number from 1 to 65535", url);
        return -1;
    } else {
        rest += 1 + digits;
    }
    if (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0) {
        snprintf(why, size, "'%.80s' stands after the address: give host and port alone", rest);
        return -1;
    }
    snprintf(s->header, sizeof s->header, bracketed ? "[%s]:%s" : "%s:%s", s->host, s->port);
    return 0;
}

int http_resolve(http_server *s, char *why, size_t size)
{
    struct addrinfo wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    int rc = getaddrinfo(s->host, s->port, &wanted, &s->addresses);
    if (rc == 0)
        return 0;
    s->addresses = NULL;
    snprintf(why, size, "%s: %s", s->host, rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    return -1;
}

void http_server_free(http_server *s)
{
    if (s->addresses)
        freeaddrinfo(s->addresses);
    s->addresses = NULL;
}

int http_escape(char *to, size_t size, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t at = strlen(to);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (at + 4 > size)
            return -1;
        if ((*p < 0x80 && isalnum(*p)) || strchr("-._~", *p)) {
            to[at++] = (char)*p;
        } else {
            to[at++] = '%';
            to[at++] = hex[*p >> 4];
            to[at++] = hex[*p & 15];
        }
    }
    to[at] = '\0';
    return 0;
}

/* ---- Waiting, sending, receiving */

static http_outcome failed(http_conn *c, http_outcome o, const char *what)
{
    snprintf(c->why, sizeof c->why, "%s", what);
    return o;
}

/* Until the socket is ready, the deadline has passed or Ctrl-C was pressed. */
static http_outcome wait_for(http_conn *c, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {c->fd, events, 0};
        int64_t left = (deadline - now_ns()) / 1000000 + 1;
        if (interrupted())
            return failed(c, HTTP_STOPPED, "interrupted");
        if (left <= 0)
            return failed(c, HTTP_TIMEOUT, "no complete answer within 10 s");
        int n = poll(&p, 1, left < LOOK_MS ? (int)left : LOOK_MS);
        if (n > 0)
            return HTTP_ANSWERED;
        if (n < 0 && errno != EINTR)
            return failed(c, HTTP_CLOSED, strerror(errno));
    }
}

static http_outcome connect_to(http_conn *c, const struct addrinfo *a)
{
    int one = 1, error = 0;
    socklen_t size = sizeof error;
    c->fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (c->fd < 0)
        return failed(c, HTTP_CONNECT, strerror(errno));
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(c->fd, F_SETFD, FD_CLOEXEC) != 0)
        return failed(c, HTTP_CONNECT, strerror(errno));
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* a request is one segment: do not wait for more */
    if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0)
        return HTTP_ANSWERED;
    if (errno != EINPROGRESS && errno != EINTR)
        return failed(c, HTTP_CONNECT, strerror(errno));
    http_outcome o = wait_for(c, POLLOUT, now_ns() + HTTP_TIMEOUT_NS);
    if (o == HTTP_TIMEOUT)
        return failed(c, HTTP_CONNECT, "no connection within 10 s");
    if (o)
        return o;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return error ? failed(c, HTTP_CONNECT, strerror(error)) : HTTP_ANSWERED;
}

static http_outcome open_conn(http_conn *c)
{
    http_outcome o = failed(c, HTTP_CONNECT, "no address");
    for (const struct addrinfo *a = c->server->addresses; a && o != HTTP_STOPPED; a = a->ai_next) {
        o = connect_to(c, a);
        if (o == HTTP_ANSWERED) {
            c->opened++;
            return o;
        }
        http_close(c);
    }
    return o;
}

void http_close(http_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->n = 0;
}

void http_conn_free(http_conn *c)
{
    http_close(c);
    free(c->data);
    c->data = NULL;
    c->capacity = 0;
}

static http_outcome send_all(http_conn *c, const char *data, size_t n, int64_t deadline)
{
    while (n > 0) {
        ssize_t sent = send(c->fd, data, n, MSG_NOSIGNAL);
        if (sent > 0) {
            data += sent;
            n -= (size_t)sent;
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            http_outcome o = wait_for(c, POLLOUT, deadline);
            if (o)
                return o;
        } else if (sent == 0 || errno != EINTR) {
            return failed(c, HTTP_CLOSED, strerror(errno));
        }
    }
    return HTTP_ANSWERED;
}

/* Room for at least one more byte, and for a NUL behind all of them. */
static http_outcome make_room(http_conn *c)
{
    size_t limit = HTTP_MAX_HEAD + 2 * HTTP_MAX_BODY; /* a chunked body is longer on the wire than in the end */
    if (c->n + 2 <= c->capacity)
        return HTTP_ANSWERED;
    if (c->capacity >= limit)
        return failed(c, HTTP_PROTOCOL, "the answer is too long");
    size_t capacity = c->capacity ? c->capacity * 2 : 16384;
    char *grown = realloc(c->data, capacity);
    if (!grown)
        return failed(c, HTTP_NOMEM, "out of memory");
    c->data = grown;
    c->capacity = capacity;
    return HTTP_ANSWERED;
}

/* Whatever has come by now, at least one byte. `*ended`: the other side said that nothing more will come. */
static http_outcome receive(http_conn *c, int64_t deadline, int *ended)
{
    http_outcome o = make_room(c);
    while (!o) {
        ssize_t n = recv(c->fd, c->data + c->n, c->capacity - c->n - 1, 0);
        if (n >= 0) {
            c->n += (size_t)n;
            *ended = n == 0;
            return HTTP_ANSWERED;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            o = wait_for(c, POLLIN, deadline);
        else if (errno != EINTR)
            return failed(c, HTTP_CLOSED, strerror(errno));
    }
    return o;
}

static http_outcome read_answer(http_conn *c, int64_t deadline, http_answer *out)
{
    http_reader r;
    int ended = 0;
    reader_begin(&r);
    for (;;) {
        reader_state state = reader_take(&r, c->data, c->n, ended, out);
        if (state == READER_BROKEN)
            return failed(c, HTTP_PROTOCOL, r.why);
        if (state == READER_DONE)
            break;
        if (ended)
            return failed(c, HTTP_CLOSED, "the connection ended before the answer did");
        http_outcome o = receive(c, deadline, &ended);
        if (o)
            return o;
    }
    if (r.used != c->n)
        return failed(c, HTTP_PROTOCOL, "something follows the answer that was not asked for");
    if (!r.keep || ended)
        http_close(c); /* the body stays where it is */
    return HTTP_ANSWERED;
}

http_outcome http_ask(http_conn *c, const char *method, const char *target, http_answer *out)
{
    char request[HTTP_MAX_TARGET + 512];
    int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: mflix\r\nAccept: */*\r\n\r\n",
                     method, target, c->server->header);
    if (n < 0 || (size_t)n >= sizeof request)
        return failed(c, HTTP_PROTOCOL, "the request is too long");
    for (int attempt = 0;; attempt++) {
        int kept = c->fd >= 0;
        http_outcome o = kept ? HTTP_ANSWERED : open_conn(c);
        if (o)
            return o;
        memset(out, 0, sizeof *out);
        c->n = 0;
        int64_t begun = now_ns();
        o = send_all(c, request, (size_t)n, begun + HTTP_TIMEOUT_NS);
        if (!o)
            o = read_answer(c, begun + HTTP_TIMEOUT_NS, out);
        out->elapsed_ns = now_ns() - begun;
        if (!o)
            return o;
        int nothing_came = c->n == 0;
        http_close(c);
        /* A server may close a kept connection while the next request is on its way: RFC 9112 section 9.3.1. */
        if (o != HTTP_CLOSED || !kept || !nothing_came || attempt > 0)
            return o;
    }
}
