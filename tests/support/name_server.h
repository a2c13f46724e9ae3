/* SPDX-License-Identifier: Apache-2.0 */
/* A name server that answers every name with the addresses it is given, and does so badly when it is told to. */
#ifndef SUPPORT_NAME_SERVER_H
#define SUPPORT_NAME_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

typedef enum name_mode {
    NAME_ANSWER = 0,
    NAME_SILENT,     /* nothing is answered */
    NAME_ONE_FAMILY, /* nothing about IPv6 */
    NAME_UNKNOWN,    /* there is no such name */
    NAME_REFUSED,
    NAME_GARBAGE,  /* bytes that are no answer */
    NAME_STRANGER, /* an answer to another question, under another number */
    NAME_CUT       /* an answer that ends in the middle */
} name_mode;

typedef struct name_server {
    char at[32]; /* "127.0.0.1:PORT" */
    int fd;
    pthread_t thread;
    _Atomic int stop;
    _Atomic int mode;
    _Atomic int delay_ms;  /* before each answer */
    _Atomic int addresses; /* of each family: 127.0.0.1, 127.0.0.2 ... and ::1, ::2 ... */
    _Atomic long questions;
} name_server;

void name_server_start(name_server *s);
void name_server_stop(name_server *s);

#endif
