/* SPDX-License-Identifier: Apache-2.0 */
/* TLS in front of a server that does not speak it: what comes in is decrypted and passed on, and back. Ends with either side. */
#ifndef SUPPORT_TLS_FRONT_H
#define SUPPORT_TLS_FRONT_H

#include <pthread.h>
#include <stdatomic.h>

typedef struct tls_front {
    int port;
    int target;
    int listener;
    pthread_t thread;
    void *ctx; /* SSL_CTX */
    _Atomic int stop;
    _Atomic int links;
    _Atomic long handshakes; /* that ended well */
    _Atomic long resumed;    /* of these */
    _Atomic int rekey;       /* before each answer, a new key is agreed on (TLS 1.3) */
} tls_front;

/* `max_version`: 0, or the number of the latest version to be spoken (TLS1_2_VERSION). */
void tls_front_start(tls_front *t, int target_port, const char *cert_file, const char *key_file, int max_version);
void tls_front_stop(tls_front *t);

#endif
