/* SPDX-License-Identifier: Apache-2.0 */
/* The only place that knows the threading library: mutexes, conditions on the monotonic clock, thread identity. */
#ifndef MCI_BASE_SYNC_H
#define MCI_BASE_SYNC_H

#include "base/clock.h"
#include "base/portable.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

typedef struct mci_mutex {
    pthread_mutex_t m;
} mci_mutex;

typedef struct mci_cond {
    pthread_cond_t c;
} mci_cond;

int mci_mutex_init(mci_mutex *m); /* 0, or -1 */
void mci_mutex_destroy(mci_mutex *m);
void mci_mutex_lock(mci_mutex *m);
void mci_mutex_unlock(mci_mutex *m);

int mci_cond_init(mci_cond *c); /* 0, or -1 */
void mci_cond_destroy(mci_cond *c);
void mci_cond_signal(mci_cond *c);
void mci_cond_broadcast(mci_cond *c);
/* Wait with `m` held. 0: woken (look again); -1: the deadline passed. */
int mci_cond_wait(mci_cond *c, mci_mutex *m, mci_deadline dl);

/*
 * One thread sleeps until another tells it something: a number, not 0. A futex where there is one: what is woken need not take a lock that
 * others want. The sleeper may free the memory as soon as it knows.
 */
typedef struct mci_event {
    _Atomic uint32_t value;
#if !MCI_LINUX
    mci_mutex lock;
    mci_cond told;
#endif
} mci_event;

int mci_event_init(mci_event *e); /* 0, or -1 */
void mci_event_destroy(mci_event *e);
void mci_event_tell(mci_event *e, uint32_t value);
/* What was told; 0: the deadline passed. */
uint32_t mci_event_wait(mci_event *e, mci_deadline dl);
/* By the sleeper, before it sleeps again. */
void mci_event_reset(mci_event *e);

/* A number that is the same in one thread and different in two that live at the same time. */
uint64_t mci_thread_id(void);

/* Identity of the process; differs in a forked child. */
int64_t mci_process_id(void);

#endif
