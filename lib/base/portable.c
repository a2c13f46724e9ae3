/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what systems do differently about sockets and randomness. Refuses: a signal that the host did not ask for. */
#ifdef __APPLE__
#define _DARWIN_C_SOURCE /* SO_NOSIGPIPE */
#endif
#include "base/portable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

int64_t mci_changed_ns(const struct stat *s)
{
#ifdef __APPLE__
    return (int64_t)s->st_mtimespec.tv_sec * 1000000000 + s->st_mtimespec.tv_nsec;
#else
    return (int64_t)s->st_mtim.tv_sec * 1000000000 + s->st_mtim.tv_nsec;
#endif
}

#if MCI_LINUX

#include <sys/random.h>

int mci_socket(int family, int type, int protocol)
{
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

ssize_t mci_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    return sendmsg(fd, msg, flags | MSG_NOSIGNAL);
}

int mci_random_bytes(void *out, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t some = getrandom((char *)out + got, n - got, 0);
        if (some <= 0)
            return -1;
        got += (size_t)some;
    }
    return 0;
}

#else

static int prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return -1;
#ifdef SO_NOSIGPIPE
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#else
    return 0;
#endif
}

/* A child that is made between the two steps keeps the socket open until it becomes another program or ends. */
int mci_socket(int family, int type, int protocol)
{
    int fd = socket(family, type, protocol);
    if (fd >= 0 && prepare(fd) != 0) {
        int why = errno;
        (void)close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

#ifdef SO_NOSIGPIPE

ssize_t mci_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    return sendmsg(fd, msg, flags);
}

#else

static int pipe_is_pending(void)
{
    sigset_t pending;
    sigemptyset(&pending);
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

/* The signal is held back, and taken away if it is this call's. */
ssize_t mci_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    sigset_t pipe, before;
    int number = 0;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    int was_there = pipe_is_pending();
    if (pthread_sigmask(SIG_BLOCK, &pipe, &before) != 0)
        return -1;
    ssize_t sent = sendmsg(fd, msg, flags);
    int why = errno;
    if (sent < 0 && why == EPIPE && !was_there && pipe_is_pending())
        (void)sigwait(&pipe, &number);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return sent;
}

#endif

int mci_random_bytes(void *out, size_t n)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    size_t got = 0;
    while (fd >= 0 && got < n) {
        ssize_t some = read(fd, (char *)out + got, n - got);
        if (some == 0 || (some < 0 && errno != EINTR))
            break;
        got += some > 0 ? (size_t)some : 0;
    }
    if (fd >= 0)
        (void)close(fd);
    return got == n ? 0 : -1;
}

#endif
