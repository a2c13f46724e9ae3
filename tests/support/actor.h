/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic interleavings: a thread that stops at a named sync point of the protocol until the test lets it go on, and scripts
 * with a safeguard edited out. One test at a time.
 */
#ifndef SUPPORT_ACTOR_H
#define SUPPORT_ACTOR_H

#include <pthread.h>

typedef struct actor {
    pthread_t thread;
    void (*run)(void *arg);
    void *arg;
    const char *stop_at; /* sync point; NULL: does not stop */
    int stopped;         /* 1: held there now */
    int released;        /* 1: may go on */
    int holds_again;     /* 1: it stops once more, at what `stop_at` has become */
    int finished;
} actor;

/* Start it; it runs until it reaches `stop_at` for the first time. */
void actor_start(actor *a, void (*run)(void *), void *arg, const char *stop_at);
/* Wait until it is held at its point: 1; or has finished without reaching it: 0. */
int actor_wait(actor *a);
void actor_go(actor *a);
/* Let it go on as far as another point, and wait for it there: as actor_wait(). */
int actor_go_to(actor *a, const char *point);
void actor_join(actor *a); /* lets it go on if it is held */

/* Run the named script with `from` replaced by `to`; fails the test when `from` is not in it. */
void mutate_script(const char *name, const char *from, const char *to);
/* Take a safeguard in C away (bits of enum mci_safeguard). */
void mutate_safeguard(unsigned bits);
void mutate_reset(void);

/* What must break once a script was edited; where there is no script (a cache in memory) it is not asked. */
int mutation_reached(void);
#define assert_breaks(scenario)                                                                                             \
    do {                                                                                                                    \
        if (mutation_reached())                                                                                             \
            assert_false(scenario);                                                                                         \
    } while (0)

/* MFLIX_TEST_CACHE=memory: the clients of a fixture have their cache in this process. */
int test_in_memory(void);
/* The rest of this test is left out: its actors go on to their end first. Does not return. */
void test_leave_out(void);

#endif
