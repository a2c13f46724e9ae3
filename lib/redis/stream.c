/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: bytes in and out of a socket, by a deadline. Refuses: time-outs that restart with each byte, and SIGPIPE, which would kill a host that keeps
 * the default action: bytes go out by mci_sendmsg().
 */
#include "redis/stream.h"

#include "base/portable.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef struct socket_stream {
    mci_stream head;
    int timeout_ms; /* the socket's own receive time-out now */
} socket_stream;

void mci_pieces_advance(struct iovec **pieces, int *n, size_t sent)
{
    while (*n > 0 && sent >= (*pieces)->iov_len) {
        sent -= (*pieces)->iov_len;
        (*pieces)++;
        (*n)--;
    }
    if (*n > 0) {
        (*pieces)->iov_base = (char *)(*pieces)->iov_base + sent;
        (*pieces)->iov_len -= sent;
    }
}

static int socket_send(mci_stream *s, struct iovec *pieces, int n, mci_deadline dl, size_t *done)
{
    *done = 0;
    while (n > 0) {
        struct msghdr msg = {.msg_iov = pieces, .msg_iovlen = (size_t)n};
        ssize_t sent = mci_sendmsg(s->fd, &msg, MSG_DONTWAIT);
        if (sent >= 0) {
            *done += (size_t)sent;
            mci_pieces_advance(&pieces, &n, (size_t)sent);
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return errno;
        int left = mci_deadline_left_ms(dl);
        if (left <= 0)
            return ETIMEDOUT;
        struct pollfd p = {.fd = s->fd, .events = POLLOUT};
        if (poll(&p, 1, left) < 0 && errno != EINTR)
            return errno;
    }
    return 0;
}

static int set_timeout(socket_stream *s, mci_deadline dl)
{
    int left = mci_deadline_left_ms(dl);
    if (left <= 0)
        return -1;
    /* A time-out that is at most a tenth off saves a system call per exchange; the deadline itself is checked after. */
    if (s->timeout_ms > 0 && left <= s->timeout_ms && left >= s->timeout_ms - s->timeout_ms / 10)
        return 0;
    struct timeval tv = {.tv_sec = left / 1000, .tv_usec = (left % 1000) * 1000};
    if (setsockopt(s->head.fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) != 0)
        return -1;
    s->timeout_ms = left;
    return 0;
}

static mci_received socket_receive(mci_stream *s, char *buf, size_t size, int wait, mci_deadline dl, size_t *got, int *code)
{
    *got = 0;
    *code = 0;
    if (wait && set_timeout((socket_stream *)s, dl) != 0)
        return MCI_RECEIVED_NOTHING;
    ssize_t n = recv(s->fd, buf, size, wait ? 0 : MSG_DONTWAIT);
    if (n > 0) {
        *got = (size_t)n;
        return MCI_RECEIVED_BYTES;
    }
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return MCI_RECEIVED_NOTHING;
    *code = n < 0 ? errno : 0;
    return MCI_RECEIVED_END;
}

static void socket_close(mci_stream *s)
{
    (void)close(s->fd);
    free(s);
}

static const mci_stream_ops socket_ops = {socket_send, socket_receive, socket_close};

mci_stream *mci_stream_over_socket(int fd)
{
    socket_stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->head = (mci_stream){&socket_ops, fd};
    return &s->head;
}

int mci_stream_send(mci_stream *s, struct iovec *pieces, int n, mci_deadline dl, size_t *done)
{
    return s->ops->send(s, pieces, n, dl, done);
}

mci_received mci_stream_receive(mci_stream *s, char *buf, size_t size, int wait, mci_deadline dl, size_t *got, int *code)
{
    return s->ops->receive(s, buf, size, wait, dl, got, code);
}

void mci_stream_shut(mci_stream *s)
{
    (void)shutdown(s->fd, SHUT_RDWR);
}

void mci_stream_close(mci_stream *s)
{
    if (s != NULL)
        s->ops->close(s);
}
