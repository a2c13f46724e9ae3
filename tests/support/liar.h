/* SPDX-License-Identifier: Apache-2.0 */
/* A Redis that lies: a real one answers, and before an answer goes on the test may put another in its place. */
#ifndef SUPPORT_LIAR_H
#define SUPPORT_LIAR_H

#include "base/buf.h"
#include "redis/reply.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * Write to `out` what is to be answered to `command` (an array of its arguments); nothing written: the honest reply goes on. Bytes that are no
 * reply at all may be written as well. One call at a time.
 */
typedef void (*liar_fn)(void *user, const mci_reply *command, const mci_reply *honest, mci_buf *out);

typedef struct liar {
    int port;
    char uri[64]; /* redis://127.0.0.1:PORT/0 */
    int target;
    int listener;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the next two */
    liar_fn fn;           /* NULL: honest */
    void *user;
    _Atomic int stop;
    _Atomic int links; /* open connections */
} liar;

void liar_start(liar *l, int target_port);
void liar_stop(liar *l); /* after every client on it is closed */
void liar_set(liar *l, liar_fn fn, void *user);

/* A reply as bytes. */
void liar_write(mci_buf *out, const mci_reply *r);
/* Is the command's name (or its script's, "EVALSHA") this one? */
int liar_is(const mci_reply *command, const char *name);

#endif
