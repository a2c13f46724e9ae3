/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: stopping threads at sync points, and editing safeguards out of scripts. Refuses: timing. */
#include "actor.h"

#include "base/syncpoint.h"
#include "redis/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static _Thread_local actor *self;
#define ACTORS_MAX 64
static actor *running[ACTORS_MAX]; /* of the test's own thread */

static void hook(const char *point, const char *id)
{
    (void)id;
    if (self == NULL || self->stop_at == NULL || strcmp(self->stop_at, point) != 0)
        return;
    pthread_mutex_lock(&lock);
    if (!self->released) {
        self->stopped = 1;
        pthread_cond_broadcast(&changed);
        while (!self->released)
            pthread_cond_wait(&changed, &lock);
        self->stopped = 0;
        if (self->holds_again) {
            self->released = self->holds_again = 0;
            pthread_cond_broadcast(&changed);
        }
    }
    pthread_mutex_unlock(&lock);
}

static void *body(void *arg)
{
    self = arg;
    self->run(self->arg);
    pthread_mutex_lock(&lock);
    self->finished = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

void actor_start(actor *a, void (*run)(void *), void *arg, const char *stop_at)
{
    *a = (actor){.run = run, .arg = arg, .stop_at = stop_at};
    atomic_store(&mci_sync_hook, hook);
    if (pthread_create(&a->thread, NULL, body, a) != 0) {
        perror("pthread_create");
        exit(1);
    }
    for (int i = 0; i < ACTORS_MAX; i++)
        if (running[i] == NULL) {
            running[i] = a;
            break;
        }
}

int actor_wait(actor *a)
{
    pthread_mutex_lock(&lock);
    while (!a->stopped && !a->finished)
        pthread_cond_wait(&changed, &lock);
    int stopped = a->stopped;
    pthread_mutex_unlock(&lock);
    return stopped;
}

int actor_go_to(actor *a, const char *point)
{
    pthread_mutex_lock(&lock);
    a->stop_at = point;
    a->holds_again = a->released = 1;
    pthread_cond_broadcast(&changed);
    while (a->released && !a->finished) /* it takes that back itself */
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return actor_wait(a);
}

void actor_go(actor *a)
{
    pthread_mutex_lock(&lock);
    a->released = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void actor_join(actor *a)
{
    actor_go(a);
    (void)pthread_join(a->thread, NULL);
    for (int i = 0; i < ACTORS_MAX; i++)
        if (running[i] == a)
            running[i] = NULL;
}

int test_in_memory(void)
{
    const char *kind = getenv("MFLIX_TEST_CACHE");
    return kind != NULL && strcmp(kind, "memory") == 0;
}

void test_leave_out(void)
{
    for (int i = 0; i < ACTORS_MAX; i++)
        if (running[i] != NULL)
            actor_join(running[i]);
    skip();
}

static int unreached; /* a mutation was asked for that cannot be made */

int mutation_reached(void)
{
    return !unreached;
}

#define MUTANTS 4
static struct {
    const char *name;
    char *text;
} mutants[MUTANTS];

static const char *swap_text(const mci_script *s)
{
    for (int i = 0; i < MUTANTS; i++)
        if (mutants[i].name != NULL && strcmp(mutants[i].name, s->name) == 0)
            return mutants[i].text;
    return NULL;
}

#include "scripts.h"

static const mci_script *script_named(const char *name)
{
    const mci_script *all[] = {
        &mci_script_value_miss,       &mci_script_value_pre,      &mci_script_value_put,    &mci_script_value_drop,
        &mci_script_value_end,        &mci_script_string_acquire, &mci_script_string_set,   &mci_script_derived_read,
        &mci_script_derived_announce, &mci_script_derived_settle, &mci_script_derived_tell, &mci_script_derived_lease,
        &mci_script_derived_repair,   &mci_script_derived_build,  &mci_script_derived_page, &mci_script_derived_swap,
        &mci_script_derived_leave,    &mci_script_derived_raise,  &mci_script_identity,     &mci_script_value_lease,
        &mci_script_value_fill,
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    fprintf(stderr, "no script %s\n", name);
    exit(1);
}

void mutate_script(const char *name, const char *from, const char *to)
{
    unreached = test_in_memory(); /* there are no scripts to edit there: nothing will break */
    if (unreached)
        return;
    const char *text = swap_text(script_named(name));
    if (text == NULL)
        text = script_named(name)->text;
    const char *at = strstr(text, from);
    if (at == NULL) {
        fprintf(stderr, "%s.lua does not contain: %s\n", name, from);
        exit(1);
    }
    char *out = malloc(strlen(text) + strlen(to) + 1);
    if (out == NULL)
        exit(1);
    size_t head = (size_t)(at - text);
    memcpy(out, text, head);
    strcpy(out + head, to);
    strcat(out, at + strlen(from));
    int place = -1;
    for (int i = 0; i < MUTANTS; i++)
        if (mutants[i].name == NULL || strcmp(mutants[i].name, name) == 0) {
            place = i;
            break;
        }
    if (place < 0)
        exit(1);
    free(mutants[place].text);
    mutants[place].name = name;
    mutants[place].text = out;
    mci_script_hook = swap_text;
}

void mutate_safeguard(unsigned bits)
{
    atomic_fetch_or(&mci_mutation_off, bits);
}

void mutate_reset(void)
{
    unreached = 0;
    atomic_store(&mci_mutation_off, 0);
    mci_script_hook = NULL;
    for (int i = 0; i < MUTANTS; i++) {
        free(mutants[i].text);
        mutants[i].text = NULL;
        mutants[i].name = NULL;
    }
}
