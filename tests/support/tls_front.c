/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: one thread for each connection. Refuses: faults: tests put a proxy before it, or a server that lies behind it. */
#include "tls_front.h"

#if MFLIXCACHE_WITH_TLS

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef struct tls_link {
    tls_front *front;
    int client;
} tls_link;

static int dial(int port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0)
        return fd;
    close(fd);
    return -1;
}

/* From the client to the server. 0, or -1: one of them has ended. */
static int inward(SSL *ssl, int server, char *buf, int size)
{
    do {
        int n = SSL_read(ssl, buf, size);
        if (n <= 0 || send(server, buf, (size_t)n, MSG_NOSIGNAL) != n)
            return -1;
    } while (SSL_pending(ssl) > 0);
    return 0;
}

static int outward(const tls_front *t, SSL *ssl, int server, char *buf, size_t size)
{
    ssize_t n = recv(server, buf, size, 0);
    if (n > 0 && atomic_load(&t->rekey) && SSL_version(ssl) == TLS1_3_VERSION)
        (void)SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
    return n > 0 && SSL_write(ssl, buf, (int)n) == n ? 0 : -1;
}

static void *serve(void *arg)
{
    tls_link *l = arg;
    tls_front *t = l->front;
    char buf[65536];
    struct timeval patience = {.tv_sec = 20};
    (void)setsockopt(l->client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sigset_t
        pipe_only; /* OpenSSL's own sockets, as this server uses them, raise it; the library's may not, and tests run with the default */
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
    SSL *ssl = SSL_new(t->ctx);
    SSL_set_fd(ssl, l->client);
    int server = SSL_accept(ssl) == 1 ? dial(t->target) : -1;
    if (server >= 0) {
        atomic_fetch_add(&t->resumed, SSL_session_reused(ssl));
        atomic_fetch_add(&t->handshakes, 1);
    }
    for (int rc = server >= 0 ? 0 : -1; rc == 0 && !atomic_load(&t->stop);) {
        struct pollfd p[2] = {{.fd = l->client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
        if (poll(p, 2, 20) <= 0)
            continue;
        if (p[0].revents != 0)
            rc = inward(ssl, server, buf, sizeof buf);
        if (rc == 0 && p[1].revents != 0)
            rc = outward(t, ssl, server, buf, sizeof buf);
    }
    ERR_clear_error();
    SSL_free(ssl);
    close(l->client);
    if (server >= 0)
        close(server);
    atomic_fetch_sub(&t->links, 1);
    free(l);
    return NULL;
}

static void *take_links(void *arg)
{
    tls_front *t = arg;
    while (!atomic_load(&t->stop)) {
        struct pollfd p = {.fd = t->listener, .events = POLLIN};
        pthread_t thread;
        int one = 1;
        if (poll(&p, 1, 20) <= 0)
            continue;
        tls_link *l = malloc(sizeof *l);
        *l = (tls_link){t, accept(t->listener, NULL, NULL)};
        (void)setsockopt(l->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        atomic_fetch_add(&t->links, 1);
        if (pthread_create(&thread, NULL, serve, l) != 0)
            abort();
        pthread_detach(thread);
    }
    return NULL;
}

void tls_front_start(tls_front *t, int target_port, const char *cert_file, const char *key_file, int max_version)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;
    memset(t, 0, sizeof *t);
    t->target = target_port;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    t->ctx = ctx;
    t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
        (max_version != 0 && SSL_CTX_set_max_proto_version(ctx, max_version) != 1) ||
        bind(t->listener, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(t->listener, 128) != 0 ||
        getsockname(t->listener, (struct sockaddr *)&sa, &len) != 0 ||
        pthread_create(&t->thread, NULL, take_links, t) != 0) {
        fprintf(stderr, "tls_front: it cannot start\n");
        exit(1);
    }
    t->port = ntohs(sa.sin_port);
}

void tls_front_stop(tls_front *t)
{
    atomic_store(&t->stop, 1);
    pthread_join(t->thread, NULL);
    while (atomic_load(&t->links) > 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    close(t->listener);
    SSL_CTX_free(t->ctx);
}

#else

typedef int no_tls_front; /* a file must not be empty */

#endif
