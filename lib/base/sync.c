/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the library's use of POSIX threads. Refuses: thread creation (the library has no threads of its own) and
 * thread-local state.
 */
#ifdef __linux__
#define _DEFAULT_SOURCE /* syscall() */
#endif
#include "base/sync.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#if MCI_LINUX
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

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
#if MCI_LINUX /* a wall clock that is set back must not stretch a deadline */
    int rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
#else
    int rc = 0;
#endif
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

#if MCI_LINUX

static struct timespec until(mci_deadline dl)
{
    return (struct timespec){.tv_sec = (time_t)(dl / 1000000000), .tv_nsec = (long)(dl % 1000000000)};
}

#else

#define SLICE_NS INT64_C(500000000)

/* The wall clock's time after what is left, or after half a second: a clock that is set back stretches a wait by no more than that. */
static struct timespec until(mci_deadline dl)
{
    int64_t left = dl - mci_now_ns();
    left = left < 0 ? 0 : left > SLICE_NS ? SLICE_NS : left;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t ns = now.tv_nsec + left;
    return (struct timespec){.tv_sec = now.tv_sec + (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
}

#endif

int mci_cond_wait(mci_cond *c, mci_mutex *m, mci_deadline dl)
{
    if (dl == MCI_NO_DEADLINE)
        return pthread_cond_wait(&c->c, &m->m) == 0 ? 0 : -1;
    if (dl < 0)
        dl = 0;
    struct timespec ts = until(dl);
    int late = pthread_cond_timedwait(&c->c, &m->m, &ts) == ETIMEDOUT;
    return late && (MCI_LINUX || dl - mci_now_ns() <= 0) ? -1 : 0; /* a slice that is over is no deadline */
}

#if MCI_LINUX

/* The futex is of this process alone, and its time is that of the monotonic clock, absolute. A system with a 64-bit time only has its own number. */
#ifdef SYS_futex
#define FUTEX_CALL SYS_futex
#else
#define FUTEX_CALL SYS_futex_time64
#endif

int mci_event_init(mci_event *e)
{
    atomic_init(&e->value, 0);
    return 0;
}

void mci_event_destroy(mci_event *e)
{
    (void)e;
}

void mci_event_tell(mci_event *e, uint32_t value)
{
    atomic_store_explicit(&e->value, value, memory_order_release);
    (void)syscall(FUTEX_CALL, &e->value, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

uint32_t mci_event_wait(mci_event *e, mci_deadline dl)
{
    struct timespec ts = {.tv_sec = (time_t)(dl / 1000000000), .tv_nsec = (long)(dl % 1000000000)};
    for (;;) {
        uint32_t v = atomic_load_explicit(&e->value, memory_order_acquire);
        if (v != 0 || (dl != MCI_NO_DEADLINE && dl - mci_now_ns() <= 0))
            return v;
        (void)syscall(FUTEX_CALL, &e->value, FUTEX_WAIT_BITSET_PRIVATE, 0, dl != MCI_NO_DEADLINE ? &ts : NULL, NULL,
                      FUTEX_BITSET_MATCH_ANY);
    }
}

#else

int mci_event_init(mci_event *e)
{
    atomic_init(&e->value, 0);
    if (mci_mutex_init(&e->lock) != 0)
        return -1;
    if (mci_cond_init(&e->told) == 0)
        return 0;
    mci_mutex_destroy(&e->lock);
    return -1;
}

void mci_event_destroy(mci_event *e)
{
    mci_mutex_lock(&e->lock); /* whoever told us may still hold it */
    mci_mutex_unlock(&e->lock);
    mci_cond_destroy(&e->told);
    mci_mutex_destroy(&e->lock);
}

void mci_event_tell(mci_event *e, uint32_t value)
{
    mci_mutex_lock(&e->lock);
    atomic_store_explicit(&e->value, value, memory_order_release);
    mci_cond_signal(&e->told);
    mci_mutex_unlock(&e->lock);
}

uint32_t mci_event_wait(mci_event *e, mci_deadline dl)
{
    mci_mutex_lock(&e->lock);
    uint32_t v = 0;
    int rc = 0;
    while ((v = atomic_load_explicit(&e->value, memory_order_acquire)) == 0 && rc == 0)
        rc = mci_cond_wait(&e->told, &e->lock, dl);
    mci_mutex_unlock(&e->lock);
    return v;
}

#endif

void mci_event_reset(mci_event *e)
{
    atomic_store_explicit(&e->value, 0, memory_order_relaxed);
}

uint64_t mci_thread_id(void)
{
    return (uint64_t)(uintptr_t)pthread_self();
}

int64_t mci_process_id(void)
{
    return (int64_t)getpid();
}
