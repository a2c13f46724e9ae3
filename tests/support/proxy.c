/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: faults in the stream between a client and a real server. Refuses: knowing the protocol. */
#include "proxy.h"

#include "servers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct wire {
    proxy *p;
    int client;
    int server;
    long sent;
    long received;
    int armed; /* the request of PROXY_DROP_TO or PROXY_HANG_AFTER has passed */
    /* where the stream of commands stands: */
    char line[32];
    size_t line_len;
    long skip;      /* bytes of an argument, and the line end behind it */
    long arguments; /* of this command that are still to come */
} wire;

/* Counts commands as they pass: "*N", and N times "$LENGTH" and the bytes. */
static void count(wire *l, const char *p, long n)
{
    for (long i = 0; i < n; i++) {
        if (l->skip > 0) {
            long step = l->skip < n - i ? l->skip : n - i;
            l->skip -= step;
            i += step - 1;
            continue;
        }
        if (p[i] != '\n') {
            if (l->line_len < sizeof l->line - 1)
                l->line[l->line_len++] = p[i];
            continue;
        }
        l->line[l->line_len] = '\0';
        long number = strtol(l->line + 1, NULL, 10);
        if (l->line[0] == '*')
            l->arguments = number;
        else if (l->line[0] == '$')
            l->skip = number + 2;
        if (l->line[0] == '$' && --l->arguments == 0)
            atomic_fetch_add(&l->p->commands, 1);
        l->line_len = 0;
    }
}

static int dial(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int push(int fd, const char *p, long n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, (size_t)n, MSG_NOSIGNAL);
        if (k <= 0)
            return -1;
        p += k;
        n -= k;
    }
    return 0;
}

static void rewrite(const proxy *p, char *bytes, long n)
{
    size_t len = p->from != NULL ? strlen(p->from) : 0;
    for (long i = 0; len > 0 && i + (long)len <= n; i++)
        if (memcmp(bytes + i, p->from, len) == 0)
            memcpy(bytes + i, p->to, len);
}

static int holds(const char *p, long n, const char *text)
{
    long len = (long)strlen(text);
    for (long i = 0; i + len <= n; i++)
        if (memcmp(p + i, text, (size_t)len) == 0)
            return 1;
    return 0;
}

/* Bytes from the client. -1: cut. */
static int upstream(wire *l, const char *p, long n)
{
    int mode = atomic_load(&l->p->mode);
    if (mode == PROXY_HANG || (mode == PROXY_HANG_AFTER && l->armed))
        return 0;
    if ((mode == PROXY_DROP_TO || mode == PROXY_HANG_AFTER) && holds(p, n, l->p->text))
        l->armed = 1;
    if (mode == PROXY_CUT_SEND) {
        long left = atomic_load(&l->p->limit) - l->sent;
        if (n > left) {
            if (left > 0)
                (void)push(l->server, p, left);
            return -1;
        }
    }
    l->sent += n;
    return push(l->server, p, n);
}

static int byte_by_byte(int fd, const char *p, long n)
{
    for (long i = 0; i < n; i++) {
        struct timespec ts = {.tv_nsec = 50000};
        if (push(fd, p + i, 1) != 0)
            return -1;
        nanosleep(&ts, NULL);
    }
    return 0;
}

/* Bytes from the server. -1: cut. */
static int downstream(wire *l, const char *p, long n)
{
    switch (atomic_load(&l->p->mode)) {
    case PROXY_HANG:
        return 0;
    case PROXY_DROP_REPLY:
        proxy_set(l->p, PROXY_PASS, 0);
        return -1;
    case PROXY_DROP_TO:
        if (!l->armed)
            break;
        atomic_fetch_add(&l->p->dropped, 1);
        if (atomic_fetch_sub(&l->p->limit, 1) <= 1)
            proxy_set(l->p, PROXY_PASS, 0);
        return -1;
    case PROXY_HANG_AFTER:
        if (!l->armed)
            break;
        return 0;
    case PROXY_GARBAGE:
        proxy_set(l->p, PROXY_PASS, 0);
        return push(l->client, l->p->text, atomic_load(&l->p->text_len));
    case PROXY_SLICE:
        return byte_by_byte(l->client, p, n);
    case PROXY_CUT: {
        long left = atomic_load(&l->p->limit) - l->received;
        if (n > left) {
            if (left > 0)
                (void)push(l->client, p, left);
            return -1;
        }
        break;
    }
    default:
        break;
    }
    l->received += n;
    return push(l->client, p, n);
}

static void *pump(void *arg)
{
    wire *l = arg;
    char buf[65536];
    int alive = 1;
    while (alive && !atomic_load(&l->p->stop)) {
        struct pollfd fds[2] = {{.fd = l->client, .events = POLLIN}, {.fd = l->server, .events = POLLIN}};
        if (poll(fds, 2, 20) <= 0)
            continue;
        for (int i = 0; alive && i < 2; i++) {
            if (fds[i].revents == 0)
                continue;
            ssize_t n = recv(fds[i].fd, buf, sizeof buf, 0);
            if (i == 0 && n > 0)
                rewrite(l->p, buf, n);
            if (i == 0 && n > 0)
                count(l, buf, n);
            if (i == 0 && n > 0 && l->p->saw != NULL)
                l->p->saw(l->p->user, l, buf, (size_t)n);
            alive = n > 0 && (i == 0 ? upstream(l, buf, n) : downstream(l, buf, n)) == 0;
        }
    }
    close(l->client);
    close(l->server);
    atomic_fetch_sub(&l->p->connections, 1);
    free(l);
    return NULL;
}

static void take(proxy *p, int client)
{
    if (atomic_load(&p->mode) == PROXY_REFUSE) {
        close(client);
        return;
    }
    wire *l = calloc(1, sizeof *l);
    int server = dial(p->target);
    pthread_t t;
    if (l == NULL || server < 0) {
        free(l);
        close(client);
        if (server >= 0)
            close(server);
        return;
    }
    int one = 1;
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *l = (wire){.p = p, .client = client, .server = server};
    atomic_fetch_add(&p->connections, 1);
    if (pthread_create(&t, NULL, pump, l) != 0)
        abort();
    pthread_detach(t);
}

static void *serve(void *arg)
{
    proxy *p = arg;
    while (!atomic_load(&p->stop)) {
        struct pollfd fd = {.fd = p->listener, .events = POLLIN};
        if (poll(&fd, 1, 20) <= 0)
            continue;
        int client = accept(p->listener, NULL, NULL);
        if (client >= 0)
            take(p, client);
    }
    return NULL;
}

void proxy_start(proxy *p, int target_port)
{
    memset(p, 0, sizeof *p);
    p->target = target_port;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (p->listener < 0 || bind(p->listener, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(p->listener, 64) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&sa, &len) != 0 || pthread_create(&p->thread, NULL, serve, p) != 0) {
        perror("proxy");
        exit(1);
    }
    p->port = ntohs(sa.sin_port);
    snprintf(p->uri, sizeof p->uri, "redis://127.0.0.1:%d/0", p->port);
}

void proxy_stop(proxy *p)
{
    atomic_store(&p->stop, 1);
    (void)pthread_join(p->thread, NULL);
    while (atomic_load(&p->connections) > 0) {
        struct timespec ts = {.tv_nsec = 1000000};
        nanosleep(&ts, NULL);
    }
    close(p->listener);
}

void proxy_set(proxy *p, proxy_mode mode, long limit)
{
    atomic_store(&p->limit, limit);
    atomic_store(&p->mode, (int)mode);
}

void proxy_drop_to(proxy *p, const char *text, long times)
{
    p->text = text;
    proxy_set(p, PROXY_DROP_TO, times);
}

void proxy_hang_after(proxy *p, const char *text)
{
    p->text = text;
    proxy_set(p, PROXY_HANG_AFTER, 0);
}

void proxy_garbage(proxy *p, const char *text, long len)
{
    p->text = text;
    atomic_store(&p->text_len, len);
    proxy_set(p, PROXY_GARBAGE, 0);
}
