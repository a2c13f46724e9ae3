/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: answers over UDP, one at a time. Refuses: knowing any name. */
#include "name_server.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE_AAAA 28

/* Length of the question section's end, or 0. */
static size_t end_of_question(const unsigned char *q, size_t n)
{
    size_t at = 12;
    while (at < n && q[at] != 0)
        at += q[at] + 1U;
    return at + 5 <= n ? at + 5 : 0;
}

static size_t put_address(unsigned char *out, int type, int i)
{
    unsigned char *p = out;
    const unsigned char head[] = {0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0, 60, 0, type == TYPE_AAAA ? 16 : 4};
    memcpy(p, head, sizeof head);
    p += sizeof head;
    if (type == TYPE_AAAA) {
        memset(p, 0, 15);
        p[15] = (unsigned char)(i + 1);
        return sizeof head + 16;
    }
    memcpy(p, (unsigned char[]){127, 0, 0, (unsigned char)(i + 1)}, 4);
    return sizeof head + 4;
}

/* 0: nothing is said. */
static size_t make_answer(name_server *s, const unsigned char *q, size_t n, unsigned char *out)
{
    int mode = atomic_load(&s->mode);
    size_t end = end_of_question(q, n);
    int type = end > 0 ? q[end - 3] : 0;
    int count = mode == NAME_UNKNOWN || mode == NAME_REFUSED ? 0 : atomic_load(&s->addresses);
    if (end == 0 || mode == NAME_SILENT || (mode == NAME_ONE_FAMILY && type == TYPE_AAAA))
        return 0;
    if (mode == NAME_GARBAGE) {
        memset(out, 0xa5, 100);
        memcpy(out, q, 2);
        return 100;
    }
    memcpy(out, q, end);
    out[2] = 0x81;
    out[3] = (unsigned char)(0x80 | (mode == NAME_UNKNOWN ? 3 : mode == NAME_REFUSED ? 5 : 0));
    memset(out + 4, 0, 8);
    out[5] = 1;
    out[7] = (unsigned char)count;
    size_t len = end;
    for (int i = 0; i < count; i++)
        len += put_address(out + len, type, i);
    if (mode == NAME_STRANGER)
        out[0] ^= 0xff;
    return mode == NAME_CUT ? len - 3 : len;
}

static void *serve(void *arg)
{
    name_server *s = arg;
    unsigned char q[1024], out[8192];
    while (!atomic_load(&s->stop)) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        if (poll(&p, 1, 20) <= 0)
            continue;
        ssize_t n = recvfrom(s->fd, q, sizeof q, 0, (struct sockaddr *)&from, &len);
        if (n <= 0)
            continue;
        atomic_fetch_add(&s->questions, 1);
        mci_sleep_ms(atomic_load(&s->delay_ms), MCI_NO_DEADLINE);
        size_t answer = make_answer(s, q, (size_t)n, out);
        if (answer > 0)
            (void)sendto(s->fd, out, answer, MSG_NOSIGNAL, (struct sockaddr *)&from, len);
    }
    return NULL;
}

void name_server_start(name_server *s)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;
    memset(s, 0, sizeof *s);
    atomic_store(&s->addresses, 1);
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&sa, sizeof sa) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&sa, &len) != 0 || pthread_create(&s->thread, NULL, serve, s) != 0) {
        fprintf(stderr, "name_server: it cannot start\n");
        exit(1);
    }
    snprintf(s->at, sizeof s->at, "127.0.0.1:%d", ntohs(sa.sin_port));
}

void name_server_stop(name_server *s)
{
    atomic_store(&s->stop, 1);
    pthread_join(s->thread, NULL);
    close(s->fd);
}
