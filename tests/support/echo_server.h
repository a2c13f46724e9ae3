/* SPDX-License-Identifier: Apache-2.0 */
/* A server that answers each command with its last argument, in order, and does so badly when it is told to. */
#ifndef SUPPORT_ECHO_SERVER_H
#define SUPPORT_ECHO_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

typedef struct echo_server {
    int port;
    int listener;
    pthread_t thread;
    _Atomic int stop;
    _Atomic long cut;      /* each connection is closed after so many bytes of replies to ECHO; -1: it is not */
    _Atomic int slice;     /* bytes at a time, with a pause after each; 0: as they are */
    _Atomic int silent;    /* nothing is answered */
    _Atomic int extra;     /* one reply more than was asked for */
    _Atomic long commands; /* ECHOs answered */
    _Atomic long reads;    /* that brought them */
    _Atomic long connections;
} echo_server;

/* TIME is answered as Redis does. "SLOW ms text" is answered late, and what comes after it on its connection later still. */
void echo_start(echo_server *e);
void echo_stop(echo_server *e); /* after every client of it is closed */

#endif
