/* SPDX-License-Identifier: Apache-2.0 */
/* One thread for each connection; what is done badly is looked up before each write. */
#include "echo_server.h"

#include "base/buf.h"
#include "base/clock.h"
#include "redis/reply.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct echo_link {
    echo_server *e;
    int fd;
    long told; /* bytes of replies to ECHO so far */
    pthread_t thread;
} echo_link;

/* 0, or -1: the connection is to be closed. */
static int tell(echo_link *l, const char *p, size_t n)
{
    while (n > 0) {
        long cut = atomic_load(&l->e->cut);
        int slice = atomic_load(&l->e->slice);
        size_t now = slice > 0 && (size_t)slice < n ? (size_t)slice : n;
        if (cut >= 0 && l->told >= cut) /* it was set when more had been told */
            return -1;
        if (cut >= 0 && l->told + (long)now > cut)
            now = (size_t)(cut - l->told);
        if (now > 0 && send(l->fd, p, now, MSG_NOSIGNAL) != (ssize_t)now)
            return -1;
        l->told += (long)now;
        if (cut >= 0 && l->told >= cut)
            return -1;
        p += now;
        n -= now;
        if (slice > 0)
            mci_sleep_ms(1, MCI_NO_DEADLINE);
    }
    return 0;
}

static int answer(echo_link *l, const mci_reply *command)
{
    const mci_reply *name = mci_reply_item(command, 0);
    const mci_reply *text = mci_reply_item(command, command->len - 1);
    static const char clock[] = "*2\r\n$1\r\n1\r\n$1\r\n0\r\n";
    mci_buf out;
    if (atomic_load(&l->e->silent))
        return 0;
    if (mci_reply_is(name, "TIME"))
        return send(l->fd, clock, sizeof clock - 1, MSG_NOSIGNAL) < 0 ? -1 : 0;
    if (mci_reply_is(name, "SLOW"))
        mci_sleep_ms(atol(mci_reply_item(command, 1)->u.str), MCI_NO_DEADLINE);
    atomic_fetch_add(&l->e->commands, 1);
    mci_buf_init(&out, (size_t)64 << 20);
    for (int i = atomic_exchange(&l->e->extra, 0); i >= 0; i--) {
        mci_buf_fmt(&out, "$%zu\r\n", text->len);
        mci_buf_add(&out, text->u.str, text->len);
        mci_buf_add(&out, "\r\n", 2);
    }
    int rc = tell(l, out.data, out.len);
    mci_buf_free(&out);
    return rc;
}

static void *serve(void *arg)
{
    echo_link *l = arg;
    char chunk[65536];
    mci_decoder *d = mci_decoder_new();
    mci_arena a;
    mci_arena_init(&a, (size_t)1 << 30);
    mci_decoder_arena(d, &a);
    int rc = 0;
    while (rc == 0 && !atomic_load(&l->e->stop)) {
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        if (poll(&p, 1, 20) == 0)
            continue;
        ssize_t n = recv(l->fd, chunk, sizeof chunk, 0);
        if (n <= 0 || mci_decoder_feed(d, chunk, (size_t)n) != 0)
            break;
        atomic_fetch_add(&l->e->reads, 1);
        mci_reply *command = NULL;
        const char *why = NULL;
        while (rc == 0 && mci_decoder_take(d, &command, &why) == 1)
            rc = answer(l, command);
    }
    close(l->fd);
    mci_decoder_free(d);
    mci_arena_free(&a);
    return NULL;
}

static void *take_links(void *arg)
{
    echo_server *e = arg;
    echo_link *links = calloc(16384, sizeof *links);
    size_t n = 0;
    while (!atomic_load(&e->stop) && n < 16384) {
        struct pollfd p = {.fd = e->listener, .events = POLLIN};
        if (poll(&p, 1, 20) <= 0)
            continue;
        echo_link *l = &links[n];
        *l = (echo_link){.e = e, .fd = accept(e->listener, NULL, NULL)};
        int one = 1;
        if (l->fd < 0)
            continue;
        (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        atomic_fetch_add(&e->connections, 1);
        if (pthread_create(&l->thread, NULL, serve, l) == 0)
            n++;
        else
            close(l->fd);
    }
    for (size_t i = 0; i < n; i++)
        pthread_join(links[i].thread, NULL);
    free(links);
    return NULL;
}

void echo_start(echo_server *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    memset(e, 0, sizeof *e);
    atomic_init(&e->cut, -1);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    e->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(e->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(e->listener, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(listen(e->listener, 128), 0);
    e->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&e->thread, NULL, take_links, e), 0);
}

void echo_stop(echo_server *e)
{
    atomic_store(&e->stop, 1);
    pthread_join(e->thread, NULL);
    close(e->listener);
}
