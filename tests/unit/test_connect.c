/* SPDX-License-Identifier: Apache-2.0 */
/* Several addresses of one name: one that does not answer, one that refuses, one that is right, in any order, within one deadline. */
#include "redis/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int silent, right; /* listeners */
static int waiting[8];    /* connections that fill the silent one's queue */
static struct sockaddr_in silent_at, right_at, closed_at;

static int listener(struct sockaddr_in *at, int backlog)
{
    socklen_t len = sizeof *at;
    *at = (struct sockaddr_in){.sin_family = AF_INET};
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static int begin(void **state)
{
    (void)state;
    silent = listener(&silent_at, 0);
    right = listener(&right_at, 64);
    close(listener(&closed_at, -1));
    for (int i = 0; i < 8; i++) { /* Linux takes one more than the backlog; what comes after gets no answer */
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(waiting[i], (struct sockaddr *)&silent_at, sizeof silent_at);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        close(waiting[i]);
    close(silent);
    close(right);
    return 0;
}

static void add(mci_addresses *a, const struct sockaddr_in *sa)
{
    memcpy(&a->at[a->n].sa, sa, sizeof *sa);
    a->at[a->n++].len = sizeof *sa;
}

static void test_one_that_answers(void **state)
{
    (void)state;
    const struct sockaddr_in *orders[][3] = {{&silent_at, &right_at, NULL},       {&closed_at, &right_at, NULL},
                                             {&silent_at, &closed_at, &right_at}, {&silent_at, &silent_at, &right_at},
                                             {&right_at, &silent_at, NULL},       {&closed_at, &closed_at, &right_at}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        mci_addresses a = {0};
        int fd = -1;
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;
        for (int k = 0; k < 3 && orders[i][k] != NULL; k++)
            add(&a, orders[i][k]);
        assert_int_equal(mci_connect_any(&a, mci_deadline_in(10000), &fd), 0);
        assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &len), 0);
        assert_int_equal(peer.sin_port, right_at.sin_port);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        close(fd);
        /* The next connection begins with the one that answered. */
        assert_memory_equal(&a.at[0].sa, &right_at, sizeof right_at);
        assert_int_equal(a.stale, 0);
        close(accept(right, NULL, NULL));
    }
}

static void test_none_that_answers(void **state)
{
    (void)state;
    mci_addresses a = {0};
    int fd = -1;
    add(&a, &silent_at);
    add(&a, &silent_at);
    int64_t t0 = mci_now_ns();
    assert_int_equal(mci_connect_any(&a, mci_deadline_in(200), &fd), ETIMEDOUT);
    assert_true(mci_now_ns() - t0 < INT64_C(20000000000)); /* it ends */
    assert_int_equal(fd, -1);
    assert_int_equal(a.stale, 1);
    a = (mci_addresses){0};
    add(&a, &closed_at);
    add(&a, &closed_at);
    assert_int_equal(mci_connect_any(&a, mci_deadline_in(10000), &fd), ECONNREFUSED);
    a = (mci_addresses){0};
    add(&a, &closed_at);
    add(&a, &silent_at);
    assert_int_equal(mci_connect_any(&a, mci_deadline_in(200), &fd), ETIMEDOUT);
    assert_int_equal(mci_connect_any(&a, mci_deadline_in(0), &fd), ETIMEDOUT);
}

/* The name is asked for once; again when its addresses have failed, but not at once, and not soon after a slow answer. */
static void test_names(void **state)
{
    (void)state;
    mci_redis_addr host = {.host = "localhost", .port = 6379};
    mci_addresses a = {0};
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.n > 0);
    int64_t asked = a.asked_ns;
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.asked_ns == asked);
    a.asked_ns = mci_now_ns() - INT64_C(100000000000); /* 100 s ago: too long for a name that may move */
    asked = a.asked_ns;
    a.took_ns = INT64_C(5000000000); /* but not when its resolver is slow */
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.asked_ns == asked);
    a.took_ns = 0;
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.asked_ns != asked);
    a.stale = 1;
    a.asked_ns = mci_now_ns() + INT64_C(3600000000000); /* asked just now, however slow this machine is */
    asked = a.asked_ns;
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.asked_ns == asked);
    a.asked_ns = mci_now_ns() - INT64_C(20000000000); /* 20 s ago, by a slow resolver */
    a.took_ns = INT64_C(5000000000);
    asked = a.asked_ns;
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.asked_ns == asked && a.stale);
    a.took_ns = 0; /* by a quick one */
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.asked_ns != asked && !a.stale);
    host = (mci_redis_addr){.host = "no-such-host.invalid", .port = 6379};
    a = (mci_addresses){0};
    int rc = mci_resolve(&host, mci_deadline_in(20000), &a);
    assert_int_not_equal(rc, 0);
    asked = a.asked_ns;
    a.took_ns = INT64_C(3600000000000); /* at once again: the same answer, nobody is asked */
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), rc);
    assert_true(a.asked_ns == asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_that_answers), cmocka_unit_test(test_none_that_answers),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, begin, end);
}
