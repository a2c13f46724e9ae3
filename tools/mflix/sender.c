/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the threads that send batches. Refuses: two rows of one id at the same time, as they would come into the store in any order.
 * A batch that failed is sent once more after a short rest where that may help: a repeated row is skipped or replaced by itself.
 */
#include "sender.h"

#include "rows.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS 4
#define USUAL_MOST 8

enum { EMPTY = 0, READY, UNDER_WAY, DONE };

struct sender {
    app *a;
    int theaters, mode;
    pthread_mutex_t lock; /* states, `next`, `over` */
    pthread_cond_t changed;
    pthread_t threads[SENDER_MAX_JOBS];
    int started;
    int over;
    size_t slots;                 /* used in turn, one more than there are threads */
    size_t filling, oldest, next; /* to be filled, taken, sent */
    batch *batches[SENDER_MAX_JOBS + 1];
};

/* ---- a batch ------------------------------------------------------------------------------------------------------ */

/* A hash of the row's id, the same however it is spelled; 0: it cannot be told. */
static uint64_t id_of(const char *row, size_t size)
{
    const char *end = row + size;
    const char *p = row_member(row, size, "_id");
    uint64_t h = UINT64_C(14695981039346656037);
    if (p == NULL || (*p != '"' && *p != '{'))
        return 0;
    char last = *p == '{' ? '}' : '"';
    for (p++; p < end && *p != last; p++) {
        if (*p == '\\')
            return 0;
        if (*p != ' ' && *p != '\t' && *p != '"')
            h = (h ^ (unsigned char)tolower((unsigned char)*p)) * UINT64_C(1099511628211);
    }
    return h != 0 ? h : 1;
}

/* Where the hash is, or would be. */
static size_t place_of(const batch *b, uint64_t id)
{
    size_t i = id % BATCH_IDS;
    while (b->ids[i] != 0 && b->ids[i] != id)
        i = (i + 1) % BATCH_IDS;
    return i;
}

int batch_add(batch *b, const char *row, size_t size, int64_t line)
{
    if (b->used + size > b->capacity) {
        size_t capacity = 2 * (b->used + size);
        char *grown = realloc(b->data, capacity);
        if (!grown)
            return -1;
        b->data = grown;
        b->capacity = capacity;
    }
    memcpy(b->data + b->used, row, size);
    uint64_t id = id_of(row, size);
    if (id == 0)
        b->alone = 1;
    else
        b->ids[place_of(b, id)] = id;
    b->offsets[b->n] = b->used;
    b->sizes[b->n] = size;
    b->lines[b->n++] = line;
    b->used += size;
    return 0;
}

static mc_status send_once(const sender *s, batch *b)
{
    const char *json[BATCH_MAX_ROWS];
    for (size_t i = 0; i < b->n; i++)
        json[i] = b->data + b->offsets[i];
    if (s->theaters)
        return mc_import_theaters(s->a->mc, json, b->sizes, b->n, s->mode, b->statuses, &b->err);
    return mc_import_movies(s->a->mc, json, b->sizes, b->n, s->mode, b->statuses, &b->err);
}

static void send(const sender *s, batch *b)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        if (i > 0) {
            struct timespec rest = {0, 100000000L << i};
            nanosleep(&rest, NULL);
        }
        b->status = send_once(s, b);
        if (b->status == MC_OK || interrupted() || !(b->err.retriable || b->status == MC_E_UNKNOWN))
            break;
    }
}

/* ---- threads ------------------------------------------------------------------------------------------------------ */

static void *work(void *arg)
{
    sender *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        batch *b = s->batches[s->next];
        if (b->state == READY) {
            s->next = (s->next + 1) % s->slots;
            b->state = UNDER_WAY;
            pthread_mutex_unlock(&s->lock);
            send(s, b);
            pthread_mutex_lock(&s->lock);
            b->state = DONE;
            pthread_cond_broadcast(&s->changed);
        } else if (s->over) {
            break;
        } else {
            pthread_cond_wait(&s->changed, &s->lock);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

sender *sender_new(app *a, int theaters, int mode, int jobs)
{
    sender *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->a = a;
    s->theaters = theaters;
    s->mode = mode;
    s->slots = (size_t)jobs + 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    for (size_t i = 0; i < s->slots; i++)
        if ((s->batches[i] = calloc(1, sizeof *s->batches[i])) == NULL) {
            sender_free(s);
            return NULL;
        }
    while (s->started < jobs && pthread_create(&s->threads[s->started], NULL, work, s) == 0)
        s->started++; /* with none at all, sender_send() does it */
    return s;
}

void sender_free(sender *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->over = 1;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->started; i++)
        pthread_join(s->threads[i], NULL);
    for (size_t i = 0; i < s->slots; i++) {
        if (s->batches[i])
            free(s->batches[i]->data);
        free(s->batches[i]);
    }
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

batch *sender_filling(sender *s)
{
    return s->batches[s->filling];
}

void sender_send(sender *s)
{
    batch *b = s->batches[s->filling];
    s->filling = (s->filling + 1) % s->slots;
    pthread_mutex_lock(&s->lock);
    b->state = s->started > 0 ? READY : DONE;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->started == 0)
        send(s, b);
}

static int state_of(sender *s, const batch *b)
{
    pthread_mutex_lock(&s->lock);
    int state = b->state;
    pthread_mutex_unlock(&s->lock);
    return state;
}

batch *sender_done(sender *s, int all)
{
    batch *b = s->batches[s->oldest];
    if ((!all && state_of(s, s->batches[s->filling]) == EMPTY) || state_of(s, b) == EMPTY)
        return NULL;
    pthread_mutex_lock(&s->lock);
    while (b->state != DONE)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return b;
}

void sender_taken(sender *s)
{
    batch *b = s->batches[s->oldest];
    s->oldest = (s->oldest + 1) % s->slots;
    b->n = 0;
    b->used = 0;
    b->alone = 0;
    memset(b->ids, 0, sizeof b->ids);
    pthread_mutex_lock(&s->lock);
    b->state = EMPTY;
    pthread_mutex_unlock(&s->lock);
}

int sender_may_add(sender *s, const char *row, size_t size)
{
    uint64_t id = id_of(row, size);
    for (size_t i = 0; i < s->slots; i++) {
        const batch *b = s->batches[i];
        if (i != s->filling && state_of(s, b) != EMPTY && (id == 0 || b->alone || b->ids[place_of(b, id)] != 0))
            return 0;
    }
    return 1;
}

int sender_usual_jobs(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 2 ? 2 : cpus > USUAL_MOST ? USUAL_MOST : (int)cpus;
}
