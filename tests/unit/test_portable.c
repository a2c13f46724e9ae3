/* SPDX-License-Identifier: Apache-2.0 */
/* What systems do differently. Built twice: as this system is, and with MFLIXCACHE_PORTABLE, the ways that others take. */
#include "base/clock.h"
#include "base/portable.h"
#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals = signals + 1;
}

static void test_sockets(void **state)
{
    (void)state;
    int fd = mci_socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    (void)close(fd);
    assert_int_equal(mci_socket(-1, SOCK_STREAM, 0), -1);
}

/* A peer that is gone is EPIPE; a signal that somebody else is to get stays. */
static void test_no_signal(void **state)
{
    (void)state;
    int pair[2];
    char text[] = "x";
    struct iovec piece = {text, 1};
    struct msghdr msg = {.msg_iov = &piece, .msg_iovlen = 1};
    struct sigaction act = {.sa_handler = count}, before;
    sigset_t pipe, mask, pending;
    assert_int_equal(sigaction(SIGPIPE, &act, &before), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(mci_sendmsg(pair[0], &msg, 0), 1);
    (void)close(pair[1]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mci_sendmsg(pair[0], &msg, 0), -1);
        assert_int_equal(errno, EPIPE);
    }
    assert_int_equal(signals, 0);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &pipe, &mask), 0);
    assert_int_equal(raise(SIGPIPE), 0); /* of the host's */
    assert_int_equal(mci_sendmsg(pair[0], &msg, 0), -1);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 1);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
    assert_int_equal(signals, 1);
    (void)close(pair[0]);
    (void)sigaction(SIGPIPE, &before, NULL);
}

static void test_random(void **state)
{
    (void)state;
    unsigned char a[64] = {0}, b[64] = {0};
    assert_int_equal(mci_random_bytes(a, sizeof a), 0);
    assert_int_equal(mci_random_bytes(b, sizeof b), 0);
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_files(void **state)
{
    (void)state;
    struct stat s;
    assert_int_equal(stat("/", &s), 0);
    assert_true(mci_changed_ns(&s) / 1000000000 == (int64_t)s.st_mtime);
}

typedef struct meeting {
    mci_mutex lock;
    mci_cond cond;
    mci_event event;
    int there;
} meeting;

static void *arrive(void *arg)
{
    meeting *m = arg;
    mci_mutex_lock(&m->lock);
    m->there = 1;
    mci_cond_broadcast(&m->cond);
    mci_mutex_unlock(&m->lock);
    mci_event_tell(&m->event, 7);
    return NULL;
}

static void test_waiting(void **state)
{
    (void)state;
    meeting m = {.there = 0};
    pthread_t thread;
    assert_int_equal(mci_mutex_init(&m.lock), 0);
    assert_int_equal(mci_cond_init(&m.cond), 0);
    assert_int_equal(mci_event_init(&m.event), 0);
    /* Nobody comes: not before the deadline, and not for ever. */
    int64_t begun = mci_now_ns();
    mci_deadline dl = mci_deadline_in(700);
    mci_mutex_lock(&m.lock);
    while (mci_cond_wait(&m.cond, &m.lock, dl) == 0)
        ;
    mci_mutex_unlock(&m.lock);
    assert_true(mci_now_ns() - begun >= 700 * INT64_C(1000000) - 1000);
    assert_int_equal(mci_event_wait(&m.event, mci_deadline_in(10)), 0);
    assert_int_equal(pthread_create(&thread, NULL, arrive, &m), 0);
    mci_mutex_lock(&m.lock);
    while (!m.there)
        (void)mci_cond_wait(&m.cond, &m.lock, mci_deadline_in(60000));
    mci_mutex_unlock(&m.lock);
    assert_int_equal(mci_event_wait(&m.event, MCI_NO_DEADLINE), 7);
    mci_event_reset(&m.event);
    assert_int_equal(pthread_join(thread, NULL), 0);
    mci_event_destroy(&m.event);
    mci_cond_destroy(&m.cond);
    mci_mutex_destroy(&m.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets), cmocka_unit_test(test_no_signal), cmocka_unit_test(test_random),
        cmocka_unit_test(test_files),   cmocka_unit_test(test_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
