/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: names to addresses. Refuses: asking a slow resolver again and again, waiting for it beyond the deadline, and waiting for the addresses of one family
 * when those of the other are there (RFC 8305, "Happy Eyeballs").
 */
#include "redis/resolve.h"

#include "base/ascii.h"
#include "base/portable.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define SLOW_NS INT64_C(1000000000)
#define AGAIN_NS INT64_C(1000000000)       /* between two questions for one name */
#define AGAIN_SLOW_NS INT64_C(30000000000) /* the same, after a slow answer */

#define KEEP_NS INT64_C(30000000000)       /* addresses that work: a name may move to another server */
#define KEEP_SLOW_NS INT64_C(300000000000) /* the same, of a slow resolver */

#ifdef MCI_TEST_HOOKS
_Atomic(const char *) mci_resolve_servers;
#endif

static void add(mci_addresses *a, const struct sockaddr *sa, socklen_t len)
{
    if (a->n == MCI_ADDRESSES_MAX || len > sizeof a->at[0].sa)
        return;
    memcpy(&a->at[a->n].sa, sa, len);
    a->at[a->n++].len = len;
}

/* `flags`: AI_NUMERICHOST asks nobody. Adds to `a`. */
static int ask_system(const char *host, const char *port, int flags, mci_addresses *a)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(host, port, &hints, &list);
    if (rc != 0)
        return rc;
    for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
        add(a, ai->ai_addr, ai->ai_addrlen);
    freeaddrinfo(list);
    return 0;
}

#if MFLIXCACHE_WITH_CARES

/* Later editions have other names for some functions, and mark these. */
#define CARES_NO_DEPRECATED 1
#include <sys/select.h> /* ares.h needs it */
#include <sys/time.h>

#include <ares.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#define OTHER_FAMILY_MS 50 /* for the addresses of the other family, once those of one are there: RFC 8305, section 3 */
#define TRIES 3            /* of each name server, each with twice the time */
#define LEAST_MS 10        /* for a try */

/* c-ares' own sockets may raise SIGPIPE and stay open in a program that the host starts. */
static ares_socket_t open_socket(int family, int type, int protocol, void *user)
{
    (void)user;
    return mci_socket(family, type, protocol);
}

static int close_socket(ares_socket_t fd, void *user)
{
    (void)user;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *sa, ares_socklen_t len, void *user)
{
    (void)user;
    return connect(fd, sa, len);
}

static ares_ssize_t receive_from(ares_socket_t fd, void *to, size_t size, int flags, struct sockaddr *sa,
                                 ares_socklen_t *len, void *user)
{
    (void)user;
    return recvfrom(fd, to, size, flags, sa, len);
}

static ares_ssize_t send_pieces(ares_socket_t fd, const struct iovec *pieces, int n, void *user)
{
    struct iovec copy[16];
    (void)user;
    n = n < 16 ? n : 16;
    memcpy(copy, pieces, sizeof *copy * (size_t)n);
    struct msghdr msg = {.msg_iov = copy, .msg_iovlen = (size_t)n};
    return mci_sendmsg(fd, &msg, 0);
}

static const struct ares_socket_functions sockets = {open_socket, close_socket, connect_socket, receive_from, send_pieces};

/* One name, one family. */
typedef struct question {
    mci_addresses found;
    int done;
    int status;
} question;

static void answered(void *user, int status, int timeouts, struct ares_addrinfo *list)
{
    question *q = user;
    (void)timeouts;
    q->done = 1;
    q->status = status;
    for (const struct ares_addrinfo_node *node = list != NULL ? list->nodes : NULL; node != NULL; node = node->ai_next)
        add(&q->found, node->ai_addr, node->ai_addrlen);
    if (list != NULL)
        ares_freeaddrinfo(list);
}

/* Let c-ares work until both questions are answered, one is and the other has had its time, or the deadline passes. */
static void work(ares_channel channel, const question q[2], mci_deadline dl)
{
    while (!q[0].done || !q[1].done) {
        ares_socket_t fds[ARES_GETSOCK_MAXNUM];
        struct pollfd p[ARES_GETSOCK_MAXNUM];
        struct timeval tv = {0};
        nfds_t n = 0;
        if ((q[0].done && q[0].found.n > 0) || (q[1].done && q[1].found.n > 0))
            dl = mci_deadline_min(dl, mci_deadline_in(OTHER_FAMILY_MS));
        int left = mci_deadline_left_ms(dl);
        if (left == 0)
            return;
        unsigned ready = (unsigned)ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
        for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            int readable = (ready & (1U << i)) != 0; /* its macros shift a 1 into the sign */
            int writable = (ready & (1U << (i + ARES_GETSOCK_MAXNUM))) != 0;
            if (readable || writable)
                p[n++] =
                    (struct pollfd){.fd = fds[i], .events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0))};
        }
        if (ares_timeout(channel, NULL, &tv) != NULL && tv.tv_sec * 1000 + tv.tv_usec / 1000 < left)
            left = (int)(tv.tv_sec * 1000 + tv.tv_usec / 1000) + 1;
        if (poll(p, n, left) <= 0) {
            ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what has had its time */
            continue;
        }
        for (nfds_t i = 0; i < n; i++) {
            ares_socket_t readable = (p[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? p[i].fd : ARES_SOCKET_BAD;
            ares_socket_t writable = (p[i].revents & POLLOUT) != 0 ? p[i].fd : ARES_SOCKET_BAD;
            ares_process_fd(channel, readable, writable);
        }
    }
}

static int meaning(const question *q)
{
    switch (q->status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
        return EAI_NONAME;
    case ARES_ENOMEM:
        return EAI_MEMORY;
    default:
        return EAI_AGAIN;
    }
}

static int ask(const char *host, const char *port, mci_deadline dl, mci_addresses *a)
{
    static const int families[2] = {AF_INET6, AF_INET};
    question q[2] = {0};
    ares_channel channel = NULL;
    int first_ms = mci_deadline_left_ms(dl) / 4;
    struct ares_options opt = {.timeout = first_ms > LEAST_MS ? first_ms : LEAST_MS, .tries = TRIES};
    if (ares_init_options(&channel, &opt, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
        return EAI_MEMORY;
    ares_set_socket_functions(channel, &sockets, NULL);
#ifdef MCI_TEST_HOOKS
    if (atomic_load(&mci_resolve_servers) != NULL)
        (void)ares_set_servers_ports_csv(channel, atomic_load(&mci_resolve_servers));
#endif
    for (int i = 0; i < 2; i++) {
        struct ares_addrinfo_hints hints = {
            .ai_flags = ARES_AI_NUMERICSERV, .ai_family = families[i], .ai_socktype = SOCK_STREAM};
        ares_getaddrinfo(channel, host, port, &hints, answered, &q[i]);
    }
    work(channel, q, dl);
    int late = !q[0].done || !q[1].done; /* before the questions that are left are ended */
    ares_destroy(channel);
    for (size_t i = 0; i < q[0].found.n || i < q[1].found.n;
         i++) /* one of each: a family that is not routed here does not fill the list */
        for (int k = 0; k < 2; k++)
            if (i < q[k].found.n)
                add(a, (const struct sockaddr *)&q[k].found.at[i].sa, q[k].found.at[i].len);
    return a->n > 0 ? 0 : late ? MCI_RESOLVE_LATE : meaning(&q[1]);
}

#else

static int ask(const char *host, const char *port, mci_deadline dl, mci_addresses *a)
{
    (void)dl; /* it cannot be ended */
    return ask_system(host, port, 0, a);
}

#endif

/* "localhost", "x.localhost": this machine, whatever a name server says (RFC 6761, section 6.3). Redis listens on IPv4 there more often. */
static int is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t n = strlen(host);
    n -= n > 0 && host[n - 1] == '.';
    return n >= sizeof name - 1 && mci_same_word(host + n - (sizeof name - 1), name, sizeof name - 1) &&
           (n == sizeof name - 1 || host[n - sizeof name] == '.');
}

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

int mci_resolve(const mci_redis_addr *host, mci_deadline dl, mci_addresses *a)
{
    char port[12];
    mci_addresses found = {0};
    if (are_good(a) || !may_ask(a))
        return a->n > 0 ? 0 : a->error;
    (void)snprintf(port, sizeof port, "%d", host->port);
    a->asked_ns = mci_now_ns();
    int is_local = is_localhost(host->host);
    int rc = ask_system(is_local ? "127.0.0.1" : host->host, port, AI_NUMERICHOST, &found);
    if (is_local)
        (void)ask_system("::1", port, AI_NUMERICHOST, &found);
    else if (rc != 0)
        rc = ask(host->host, port, dl, &found);
    a->took_ns = mci_now_ns() - a->asked_ns;
    if (rc != 0) {
        a->error = rc; /* what was known before is better than nothing */
        return a->n > 0 ? 0 : rc;
    }
    memcpy(a->at, found.at, sizeof a->at);
    a->n = found.n;
    a->stale = 0;
    return 0;
}

const char *mci_resolve_text(int error)
{
    return error == MCI_RESOLVE_LATE ? "its name was not resolved within the deadline" : gai_strerror(error);
}
