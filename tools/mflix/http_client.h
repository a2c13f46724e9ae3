/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 for the benchmark, by libcurl: one server, one keep-alive connection per user, requests without a body. Bounded in
 * everything that comes from the server: head, body, time. It follows no redirect, asks no proxy, and speaks no TLS.
 */
#ifndef MFLIX_HTTP_CLIENT_H
#define MFLIX_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_MAX_HEAD 16384
#define HTTP_MAX_BODY ((size_t)17 << 20) /* the largest document a store can hold, and room for what is around it */
#define HTTP_MAX_TARGET 4096
#define HTTP_TIMEOUT_MS 10000 /* of one request, opening the connection included */

/* Where requests go. Filled once, then shared by all connections. */
typedef struct http_server {
    char host[256];   /* without brackets */
    char port[6];     /* 1 to 65535 */
    char origin[300]; /* "http://HOST:PORT" */
} http_server;

typedef enum http_outcome {
    HTTP_ANSWERED = 0,
    HTTP_CONNECT,  /* no connection */
    HTTP_TIMEOUT,  /* no complete answer in time */
    HTTP_CLOSED,   /* the connection ended before the answer did */
    HTTP_PROTOCOL, /* what came is not HTTP/1.1, or is above a limit */
    HTTP_NOMEM,
    HTTP_STOPPED, /* Ctrl-C */
    HTTP_OUTCOMES
} http_outcome;

/* What Cache-Status says of the cache "mflixcache". */
typedef enum http_cache { HTTP_CACHE_UNKNOWN = 0, HTTP_CACHE_HIT, HTTP_CACHE_MISS, HTTP_CACHE_BYPASS } http_cache;

/* One answer. `body` belongs to the connection and lasts until its next request. */
typedef struct http_answer {
    int status;
    http_cache cache;
    int64_t cache_ns;   /* duration of "cache" in Server-Timing; -1: not known */
    int64_t elapsed_ns; /* from the first byte sent to the last one received */
    const char *body;
    size_t size;
} http_answer;

/* One connection, used by one thread. Zeroed but for `server` it is closed; the first request opens it. */
typedef struct http_conn {
    const http_server *server;
    void *multi, *easy; /* libcurl's */
    int64_t opened;     /* how often it was opened */
    char *data;         /* the body of the answer, and a NUL */
    size_t n, capacity;
    size_t head; /* bytes of the head so far */
    http_answer *out;
    char why[256]; /* of the last outcome that is not an answer */
} http_conn;

/* Once, before the first connection and before threads; 0 or -1. And at the end. */
int http_begin(void);
void http_end(void);

/* Take "http://HOST[:PORT][/]" apart. Returns 0, or -1 with the reason in `why`. Asks nobody. */
int http_parse(http_server *s, const char *url, char *why, size_t size);

/*
 * Send one request and read its answer. A kept connection that turns out to be closed is opened again, once: only for
 * methods that may be repeated. The time is that of the request, without opening a connection.
 */
http_outcome http_ask(http_conn *c, const char *method, const char *target, http_answer *out);
/* Close it and free its memory. */
void http_conn_free(http_conn *c);

/* "timeout", "closed" ... as the report has them. */
const char *http_outcome_name(http_outcome o);

/* Append `text` to `to` as one segment of a path (RFC 3986). Returns 0, or -1 when it does not fit. */
int http_escape(char *to, size_t size, const char *text);

#endif
