/* SPDX-License-Identifier: Apache-2.0 */
/* What redis/tls.c keeps, for redis/tls_stream.c. */
#ifndef MCI_REDIS_TLS_CONTEXT_H
#define MCI_REDIS_TLS_CONTEXT_H

#include "observe/log.h"
#include "observe/metrics.h"
#include <openssl/ssl.h>

#define MCI_TLS_SERVER 272  /* name and port */
#define MCI_TLS_SESSIONS 16 /* servers whose session is kept */

typedef struct mci_tls_session {
    char server[MCI_TLS_SERVER]; /* "": free */
    SSL_SESSION *session;
    uint64_t used; /* larger: later */
} mci_tls_session;

typedef struct mci_tls mci_tls;
struct mci_tls {
    SSL_CTX *ctx;
    mci_metrics *metrics;
    mci_log *log;
    char server_name[256];
    int insecure;
    int has_certificate;
    mci_mutex lock; /* guards what follows */
    mci_tls_session kept[MCI_TLS_SESSIONS];
    uint64_t clock;
};

/* One server, as the handshake shows it: what is behind an SSL's app data. */
typedef struct mci_tls_peer {
    mci_tls *tls;
    char server[MCI_TLS_SERVER];
    char name[256]; /* that the certificate is to have */
    int asked;      /* it wants to see a certificate of ours */
    char why[400];  /* what ended it; "": nothing has */
} mci_tls_peer;

void mci_tls_forget_session(mci_tls *t, const char *server);
/* A copy of the last session of the server, for SSL_SESSION_free(); NULL: there is none. */
SSL_SESSION *mci_tls_kept_session(mci_tls *t, const char *server);

#endif
