/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the library's use of POSIX threads. Refuses: thread creation (the library has no threads of its own) and
 * thread-local state.
 */
#include "base/sync.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

int mci_mutex_init(mci_mutex *m)
{
    return pthread_mutex_init(&m->m, NULL) == 0 ? 0 : -1;
}

void mci_mutex_destroy(mci_mutex *m)
{
    (void)pthread_mutex_destroy(&m->m);
}

void mci_mutex_lock(mci_mutex *m)
{
    (void)pthread_mutex_lock(&m->m);
}

void mci_mutex_unlock(mci_mutex *m)
{
    (void)pthread_mutex_unlock(&m->m);
}

int mci_cond_init(mci_cond *c)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return -1;
    /* A wall clock that is set back must not stretch a deadline. */
    int rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (rc == 0)
        rc = pthread_cond_init(&c->c, &attr);
    (void)pthread_condattr_destroy(&attr);
    return rc == 0 ? 0 : -1;
}

void mci_cond_destroy(mci_cond *c)
{
    (void)pthread_cond_destroy(&c->c);
}

void mci_cond_signal(mci_cond *c)
{
    (void)pthread_cond_signal(&c->c);
}

void mci_cond_broadcast(mci_cond *c)
{
    (void)pthread_cond_broadcast(&c->c);
}

int mci_cond_wait(mci_cond *c, mci_mutex *m, mci_deadline dl)
{
    if (dl == MCI_NO_DEADLINE)
        return pthread_cond_wait(&c->c, &m->m) == 0 ? 0 : -1;
    if (dl < 0)
        dl = 0;
    struct timespec ts = {.tv_sec = (time_t)(dl / 1000000000), .tv_nsec = (long)(dl % 1000000000)};
    return pthread_cond_timedwait(&c->c, &m->m, &ts) == ETIMEDOUT ? -1 : 0;
}

uint64_t mci_thread_id(void)
{
    return (uint64_t)(uintptr_t)pthread_self();
}

int64_t mci_process_id(void)
{
    return (int64_t)getpid();
}
