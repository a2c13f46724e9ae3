/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: addresses to a socket. Refuses: giving one address all the time.
 * The idea of staggered attempts: RFC 8305, "Happy Eyeballs".
 */
#include "redis/connect.h"

#include "base/portable.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define STAGGER_MS 100

/* Begin one attempt: 0 connected, EINPROGRESS, or why not. */
static int begin(const mci_addresses *a, size_t i, int *fd)
{
    *fd = mci_socket(a->at[i].sa.ss_family, SOCK_STREAM, 0);
    if (*fd < 0)
        return errno;
    if (connect(*fd, (const struct sockaddr *)&a->at[i].sa, a->at[i].len) == 0)
        return 0;
    return errno == EINTR ? EINPROGRESS : errno;
}

static int outcome(int fd)
{
    int code = 0;
    socklen_t len = sizeof code;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0 ? errno : code;
}

/* Blocking from here on: a reply is then one recv(2), no poll(2). */
static int settle(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
        return errno;
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    return 0;
}

static void to_front(mci_addresses *a, size_t i)
{
    mci_addresses was = *a;
    for (size_t k = 0; k < i; k++)
        a->at[k + 1] = was.at[k];
    a->at[0] = was.at[i];
}

typedef struct race {
    struct pollfd p[MCI_ADDRESSES_MAX]; /* fd < 0: not begun, or failed */
    size_t begun;
    size_t running;
    int code; /* of the last that failed */
} race;

static int started(mci_addresses *a, race *r, size_t *winner)
{
    size_t i = r->begun++;
    r->p[i].events = POLLOUT;
    int code = begin(a, i, &r->p[i].fd);
    if (code == 0) {
        *winner = i;
        return 1;
    }
    if (code == EINPROGRESS) {
        r->running++;
        return 0;
    }
    r->code = code;
    if (r->p[i].fd >= 0)
        (void)close(r->p[i].fd);
    r->p[i].fd = -1;
    return 0;
}

/* Which of those that poll() has named is connected? */
static int looked(race *r, size_t *winner)
{
    for (size_t i = 0; i < r->begun; i++) {
        if (r->p[i].fd < 0 || r->p[i].revents == 0)
            continue;
        int code = outcome(r->p[i].fd);
        if (code == 0) {
            *winner = i;
            return 1;
        }
        r->code = code;
        (void)close(r->p[i].fd);
        r->p[i].fd = -1;
        r->running--;
    }
    return 0;
}

int mci_connect_any(mci_addresses *a, mci_deadline dl, int *fd)
{
    race r = {.code = ETIMEDOUT};
    size_t winner = 0;
    int won = 0;
    int left = mci_deadline_left_ms(dl);
    int share = a->n > 0 ? left / (int)(a->n + 1) : left;
    share = share > STAGGER_MS ? STAGGER_MS : share < 1 ? 1 : share;
    for (size_t i = 0; i < MCI_ADDRESSES_MAX; i++)
        r.p[i].fd = -1;
    while (!won && (r.running > 0 || r.begun < a->n) && (left = mci_deadline_left_ms(dl)) > 0) {
        int more = r.begun < a->n;
        if (more)
            won = started(a, &r, &winner);
        if (won || r.running == 0)
            continue;
        int wait = r.begun < a->n && share < left ? share : left;
        int rc = poll(r.p, (nfds_t)r.begun, wait);
        if (rc > 0)
            won = looked(&r, &winner);
        else if (rc < 0 && errno != EINTR)
            break;
    }
    if (!won && r.running > 0)
        r.code = ETIMEDOUT;
    int code = won ? settle(r.p[winner].fd) : r.code;
    for (size_t i = 0; i < r.begun; i++)
        if (r.p[i].fd >= 0 && !(code == 0 && i == winner))
            (void)close(r.p[i].fd);
    a->stale = code != 0;
    if (code == 0) {
        *fd = r.p[winner].fd;
        to_front(a, winner);
    }
    return code;
}
