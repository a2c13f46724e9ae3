// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: connections shared by many threads, as a good engineer writes it in an afternoon: who comes first writes what all have queued
 * and reads all replies; the others sleep until their own is there. No deadlines, no errors: a contender, not a library.
 */
#include "threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SHARED 8

struct request {
    const char *id;
    redisReply *reply;
    bool done;
    struct request *next;
    pthread_cond_t woken;
};

struct shared {
    pthread_mutex_t lock;
    redisContext *rc;
    struct request *first, *last;
    bool led;
};

static struct shared shared[MAX_SHARED];
static size_t n_shared;

void open_shared(size_t connections)
{
    n_shared = connections;
    for (size_t i = 0; i < n_shared; i++) {
        shared[i] = (struct shared){.rc = connect_redis(&bench.redis)};
        (void)pthread_mutex_init(&shared[i].lock, NULL);
    }
}

void close_shared(void)
{
    for (size_t i = 0; i < n_shared; i++) {
        redisFree(shared[i].rc);
        (void)pthread_mutex_destroy(&shared[i].lock);
    }
}

/* One exchange for all that is queued. The lock is not held. */
static void exchange(redisContext *rc, struct request *list)
{
    for (const struct request *r = list; r != NULL; r = r->next)
        redisAppendCommand(rc, "GET fields:%s", r->id);
    for (struct request *r = list; r != NULL; r = r->next)
        if (redisGetReply(rc, (void **)&r->reply) != REDIS_OK)
            die("a shared connection by hand", rc->errstr);
}

/* Until its own request is answered; then somebody who waits leads on. */
static void lead(struct shared *s, struct request *own)
{
    while (!own->done) {
        struct request *list = s->first;
        s->first = s->last = NULL;
        (void)pthread_mutex_unlock(&s->lock);
        exchange(s->rc, list);
        (void)pthread_mutex_lock(&s->lock);
        while (list != NULL) {
            struct request *next = list->next; /* gone as soon as its owner wakes */
            list->done = true;
            if (list != own)
                (void)pthread_cond_signal(&list->woken);
            list = next;
        }
    }
    s->led = false;
    if (s->first != NULL)
        (void)pthread_cond_signal(&s->first->woken);
}

void shared_get(redisContext *rc, size_t thread, const char *id)
{
    struct shared *s = &shared[thread % n_shared];
    struct request own = {.id = id};
    (void)rc;
    (void)pthread_cond_init(&own.woken, NULL);
    (void)pthread_mutex_lock(&s->lock);
    if (s->last != NULL)
        s->last->next = &own;
    else
        s->first = &own;
    s->last = &own;
    while (!own.done && s->led)
        (void)pthread_cond_wait(&own.woken, &s->lock);
    if (!own.done) {
        s->led = true;
        lead(s, &own);
    }
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_cond_destroy(&own.woken);
    if (own.reply == NULL || own.reply->type != REDIS_REPLY_STRING)
        die("GET", "a shared connection by hand");
    free(strdup(own.reply->str));
    freeReplyObject(own.reply);
}
