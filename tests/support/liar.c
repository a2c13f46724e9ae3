/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: one thread per connection that passes commands on and replies back. Refuses: guessing, it knows which command a reply is to. */
#include "liar.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE 4096 /* commands under way on one connection */

typedef struct link_state {
    liar *l;
    int client;
    int server;
    mci_decoder *commands;
    mci_decoder *replies;
    mci_arena now; /* all commands and replies of this connection */
    mci_reply *queue[QUEUE];
    size_t head, tail;
} link_state;

static void die(const char *what)
{
    fprintf(stderr, "liar: %s\n", what);
    exit(1);
}

static int push(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return -1;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

void liar_write(mci_buf *out, const mci_reply *r)
{
    static const char marks[] = "$$+-:*";
    if (r == NULL || r->type == MCI_REPLY_NIL) {
        mci_buf_str(out, "$-1\r\n");
        return;
    }
    mci_buf_char(out, marks[r->type]);
    switch (r->type) {
    case MCI_REPLY_STRING:
        mci_buf_fmt(out, "%zu\r\n", r->len);
        mci_buf_add(out, r->u.str, r->len);
        break;
    case MCI_REPLY_INT:
        mci_buf_int(out, r->u.i);
        break;
    case MCI_REPLY_ARRAY:
        mci_buf_fmt(out, "%zu\r\n", r->len);
        for (size_t i = 0; i < r->len; i++)
            liar_write(out, r->u.items[i]);
        return;
    default:
        mci_buf_add(out, r->u.str, r->len);
        break;
    }
    mci_buf_str(out, "\r\n");
}

int liar_is(const mci_reply *command, const char *name)
{
    const mci_reply *first = mci_reply_item(command, 0);
    return first != NULL && first->type == MCI_REPLY_STRING && strcasecmp(first->u.str, name) == 0;
}

/* One honest reply is there. -1: the client has gone. */
static int answer(link_state *k, const mci_reply *honest)
{
    mci_buf out;
    mci_buf_init(&out, (size_t)64 << 20);
    const mci_reply *command = k->head < k->tail ? k->queue[k->head++ % QUEUE] : NULL;
    pthread_mutex_lock(&k->l->lock);
    if (k->l->fn != NULL && command != NULL)
        k->l->fn(k->l->user, command, honest, &out);
    pthread_mutex_unlock(&k->l->lock);
    if (out.len == 0)
        liar_write(&out, honest);
    if (out.failed)
        die("memory");
    int rc = push(k->client, out.data, out.len);
    mci_buf_free(&out);
    return rc;
}

static int from_client(link_state *k)
{
    char chunk[65536];
    const char *why = NULL;
    ssize_t n = recv(k->client, chunk, sizeof chunk, 0);
    if (n <= 0 || mci_decoder_feed(k->commands, chunk, (size_t)n) != 0)
        return -1;
    mci_decoder_arena(k->commands, &k->now);
    for (;;) {
        mci_reply *r = NULL;
        int rc = mci_decoder_take(k->commands, &r, &why);
        if (rc < 0)
            return -1;
        if (rc == 0)
            break;
        if (k->tail - k->head == QUEUE)
            die("too many commands under way");
        k->queue[k->tail++ % QUEUE] = r;
    }
    return push(k->server, chunk, (size_t)n);
}

static int from_server(link_state *k)
{
    char chunk[65536];
    const char *why = NULL;
    ssize_t n = recv(k->server, chunk, sizeof chunk, 0);
    if (n <= 0 || mci_decoder_feed(k->replies, chunk, (size_t)n) != 0)
        return -1;
    for (;;) {
        mci_reply *r = NULL;
        mci_decoder_arena(k->replies, &k->now);
        int rc = mci_decoder_take(k->replies, &r, &why);
        if (rc <= 0)
            return rc;
        if (answer(k, r) != 0)
            return -1;
    }
}

static int to_port(int port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void *run_link(void *arg)
{
    link_state *k = arg;
    k->server = to_port(k->l->target);
    k->commands = mci_decoder_new();
    k->replies = mci_decoder_new();
    mci_arena_init(&k->now, (size_t)256 << 20);
    int one = 1; /* replies go out one by one */
    (void)setsockopt(k->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(k->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct pollfd p[2] = {{.fd = k->client, .events = POLLIN}, {.fd = k->server, .events = POLLIN}};
    int rc = k->server < 0 ? -1 : 0;
    while (rc == 0 && !atomic_load(&k->l->stop)) {
        if (poll(p, 2, 50) < 0)
            break;
        if (p[0].revents != 0)
            rc = from_client(k);
        if (rc == 0 && p[1].revents != 0)
            rc = from_server(k);
    }
    close(k->client);
    if (k->server >= 0)
        close(k->server);
    mci_decoder_free(k->commands);
    mci_decoder_free(k->replies);
    mci_arena_free(&k->now);
    atomic_fetch_sub(&k->l->links, 1);
    free(k);
    return NULL;
}

static void *run(void *arg)
{
    liar *l = arg;
    struct pollfd p = {.fd = l->listener, .events = POLLIN};
    while (!atomic_load(&l->stop)) {
        if (poll(&p, 1, 50) <= 0)
            continue;
        int fd = accept(l->listener, NULL, NULL);
        link_state *k = fd < 0 ? NULL : calloc(1, sizeof *k);
        if (k == NULL)
            continue;
        pthread_t t;
        pthread_attr_t detached;
        k->l = l;
        k->client = fd;
        atomic_fetch_add(&l->links, 1);
        pthread_attr_init(&detached);
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        if (pthread_create(&t, &detached, run_link, k) != 0)
            die("no thread");
        pthread_attr_destroy(&detached);
    }
    return NULL;
}

void liar_start(liar *l, int target_port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;
    memset(l, 0, sizeof *l);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->target = target_port;
    pthread_mutex_init(&l->lock, NULL);
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->listener < 0 || bind(l->listener, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(l->listener, 64) != 0 ||
        getsockname(l->listener, (struct sockaddr *)&sa, &len) != 0)
        die("cannot listen");
    l->port = ntohs(sa.sin_port);
    snprintf(l->uri, sizeof l->uri, "redis://127.0.0.1:%d/0", l->port);
    if (pthread_create(&l->thread, NULL, run, l) != 0)
        die("no thread");
}

void liar_stop(liar *l)
{
    atomic_store(&l->stop, 1);
    pthread_join(l->thread, NULL);
    while (atomic_load(&l->links) > 0)
        (void)poll(NULL, 0, 5);
    close(l->listener);
    pthread_mutex_destroy(&l->lock);
}

void liar_set(liar *l, liar_fn fn, void *user)
{
    pthread_mutex_lock(&l->lock);
    l->fn = fn;
    l->user = user;
    pthread_mutex_unlock(&l->lock);
}
