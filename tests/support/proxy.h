/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP proxy in front of a server that injects faults into the byte stream. */
#ifndef SUPPORT_PROXY_H
#define SUPPORT_PROXY_H

#include <pthread.h>
#include <stdatomic.h>

typedef enum proxy_mode {
    PROXY_PASS = 0,
    PROXY_REFUSE,     /* connections are closed at once */
    PROXY_HANG,       /* bytes are taken and go nowhere */
    PROXY_DROP_REPLY, /* the next reply is thrown away and the connection cut; then PASS */
    PROXY_DROP_TO,    /* the same, of the next request that holds `text`; `limit` times */
    PROXY_HANG_AFTER, /* a request that holds `text` is passed on, and nothing after it on that connection, either way */
    PROXY_CUT,        /* every connection is cut after `limit` bytes from the server */
    PROXY_CUT_SEND,   /* every connection is cut after `limit` bytes from the client */
    PROXY_GARBAGE,    /* the next reply is `text` instead; then PASS */
    PROXY_SLICE       /* replies come byte by byte */
} proxy_mode;

typedef struct proxy {
    int port;
    int target;
    int listener;
    pthread_t thread;
    _Atomic int mode;
    _Atomic long limit;
    _Atomic int stop;
    _Atomic int connections;
    _Atomic int dropped;   /* replies, by PROXY_DROP_TO */
    _Atomic long commands; /* of Redis, that clients have sent so far */
    const char *text;
    const char *from; /* in requests, these bytes become ... */
    const char *to;   /* ... these, as many; set before the first connection */
    _Atomic long text_len;
    /* Sees the bytes of clients; `connection` tells one from another. Called by several threads; set before the first connection. */
    void (*saw)(void *user, const void *connection, const char *bytes, size_t n);
    void *user;
    char uri[64]; /* redis://127.0.0.1:PORT/0 */
} proxy;

void proxy_start(proxy *p, int target_port);
void proxy_stop(proxy *p);
void proxy_set(proxy *p, proxy_mode mode, long limit);
void proxy_drop_to(proxy *p, const char *text, long times);
void proxy_hang_after(proxy *p, const char *text);
void proxy_garbage(proxy *p, const char *text, long len);

#endif
