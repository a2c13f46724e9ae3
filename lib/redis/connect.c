/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: names to addresses, addresses to a socket. Refuses: giving one address all the time, and asking a slow resolver again and again.
 * The idea of staggered attempts: RFC 8305, "Happy Eyeballs".
 */
#include "redis/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STAGGER_MS 100
#define SLOW_NS INT64_C(1000000000)
#define AGAIN_NS INT64_C(1000000000)       /* between two questions for one name */
#define AGAIN_SLOW_NS INT64_C(30000000000) /* the same, after a slow answer */

#define KEEP_NS INT64_C(30000000000)       /* addresses that work: a name may move to another server */
#define KEEP_SLOW_NS INT64_C(300000000000) /* the same, of a slow resolver */

static int are_good(const mci_addresses *a)
{
    int64_t keep = a->took_ns > SLOW_NS ? KEEP_SLOW_NS : KEEP_NS;
    return a->n > 0 && !a->stale && mci_now_ns() - a->asked_ns - a->took_ns < keep;
}

static int may_ask(const mci_addresses *a)
{
    int64_t pause = a->took_ns > SLOW_NS ? AGAIN_SLOW_NS : AGAIN_NS;
    return a->asked_ns == 0 || mci_now_ns() - a->asked_ns - a->took_ns >= pause;
}

int mci_resolve(const mci_redis_addr *host, mci_addresses *a)
{
    if (are_good(a) || !may_ask(a))
        return a->n > 0 ? 0 : a->error;
    char port[12];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    (void)snprintf(port, sizeof port, "%d", host->port);
    a->asked_ns = mci_now_ns();
    int rc = getaddrinfo(host->host, port, &hints, &list);
    a->took_ns = mci_now_ns() - a->asked_ns;
    if (rc != 0) {
        a->error = rc; /* what was known before is better than nothing */
        return a->n > 0 ? 0 : rc;
    }
    a->n = 0;
    a->stale = 0;
    for (const struct addrinfo *ai = list; ai != NULL && a->n < MCI_ADDRESSES_MAX; ai = ai->ai_next) {
        if (ai->ai_addrlen > sizeof a->at[0].sa)
            continue;
        memcpy(&a->at[a->n].sa, ai->ai_addr, ai->ai_addrlen);
        a->at[a->n++].len = ai->ai_addrlen;
    }
    freeaddrinfo(list);
    return 0;
}

/* Begin one attempt: 0 connected, EINPROGRESS, or why not. */
static int begin(const mci_addresses *a, size_t i, int *fd)
{
    *fd = socket(a->at[i].sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
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
