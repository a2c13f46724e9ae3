/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: documents in memory and the faults a test orders. Refuses: speed. */
#include "memstore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Not strdup(): a test that lets the library's allocations fail does not mean this database's. */
static char *copy_of(const char *text)
{
    return strndup(text, strlen(text));
}

void memstore_init(memstore *m)
{
    memset(m, 0, sizeof *m);
    m->scans_left = -1;
    pthread_mutex_init(&m->lock, NULL);
}

void memstore_free(memstore *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->docs[i].json);
    free(m->late_json);
    pthread_mutex_destroy(&m->lock);
}

/* All of these: with the lock held. */
static size_t place(const memstore *m, const char *collection, const char *id)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->docs[i].id, id) == 0 && strcmp(m->docs[i].collection, collection) == 0)
            return i;
    return m->n;
}

static void put(memstore *m, const char *collection, const char *id, const char *json)
{
    size_t i = place(m, collection, id);
    if (json == NULL) {
        if (i < m->n) {
            free(m->docs[i].json);
            m->docs[i] = m->docs[--m->n];
        }
        return;
    }
    if (i == m->n) {
        if (m->n == MEM_DOCS)
            abort();
        m->n++;
        snprintf(m->docs[i].collection, sizeof m->docs[i].collection, "%s", collection);
        snprintf(m->docs[i].id, sizeof m->docs[i].id, "%s", id);
        m->docs[i].json = NULL;
    }
    char *copy = copy_of(json);
    free(m->docs[i].json);
    m->docs[i].json = copy;
}

void memstore_put(memstore *m, const char *collection, const char *id, const char *json)
{
    pthread_mutex_lock(&m->lock);
    put(m, collection, id, json);
    pthread_mutex_unlock(&m->lock);
}

char *memstore_get(memstore *m, const char *collection, const char *id)
{
    pthread_mutex_lock(&m->lock);
    size_t i = place(m, collection, id);
    char *json = i < m->n ? copy_of(m->docs[i].json) : NULL;
    pthread_mutex_unlock(&m->lock);
    return json;
}

void memstore_commit(memstore *m)
{
    pthread_mutex_lock(&m->lock);
    if (m->late_there)
        put(m, "movies", m->late_id, m->late_json);
    m->late_there = 0;
    pthread_mutex_unlock(&m->lock);
}

static void take_time(int ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};
    if (ms > 0)
        nanosleep(&ts, NULL);
}

static mc_status find(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    memstore *m = user;
    (void)ms;
    pthread_mutex_lock(&m->lock);
    m->finds++;
    int slow = m->slow_read_ms;
    mc_status st = m->fail_reads != 0 ? m->fail_reads : MC_NOT_FOUND;
    size_t i = place(m, collection, id);
    char *json = m->fail_reads == 0 && i < m->n ? copy_of(m->docs[i].json) : NULL;
    pthread_mutex_unlock(&m->lock);
    take_time(slow);
    if (json != NULL)
        st = mc_document_sink_add(sink, json, strlen(json));
    free(json);
    return st;
}

mc_status memstore_find_many(void *user, const char *collection, const char *const *ids, size_t n, int64_t ms,
                             mc_document_sink *sink)
{
    memstore *m = user;
    mc_status st = MC_OK;
    (void)ms;
    pthread_mutex_lock(&m->lock);
    m->finds_many++;
    for (size_t k = n; k > 0 && st == MC_OK; k--) { /* not in the order of the question */
        size_t i = place(m, collection, ids[k - 1]);
        st = m->fail_reads;
        if (st == MC_OK && i < m->n)
            st = mc_document_sink_add(sink, m->docs[i].json, strlen(m->docs[i].json));
    }
    pthread_mutex_unlock(&m->lock);
    return st;
}

static mc_status find_unique(void *user, const char *collection, const char *field, const char *value, size_t size,
                             int64_t ms, mc_document_sink *sink)
{
    memstore *m = user;
    (void)ms;
    char want[1200];
    snprintf(want, sizeof want, "\"%s\":\"%.*s\"", field, (int)size, value);
    pthread_mutex_lock(&m->lock);
    m->finds++;
    size_t best = m->n;
    for (size_t i = 0; i < m->n && m->fail_reads == 0; i++)
        if (strcmp(m->docs[i].collection, collection) == 0 && strstr(m->docs[i].json, want) != NULL &&
            (best == m->n || strcmp(m->docs[i].id, m->docs[best].id) < 0))
            best = i;
    mc_status st = m->fail_reads != 0 ? m->fail_reads : MC_NOT_FOUND;
    if (best < m->n)
        st = mc_document_sink_add(sink, m->docs[best].json, strlen(m->docs[best].json));
    pthread_mutex_unlock(&m->lock);
    return st;
}

/* A write's ordered fault; MC_OK: carry it out. */
static mc_status fault(memstore *m, const char *id, const char *json)
{
    if (m->fail_writes != 0)
        return m->fail_writes;
    if (!m->late_writes)
        return MC_OK;
    m->late_writes = 0;
    m->late_there = 1;
    snprintf(m->late_id, sizeof m->late_id, "%s", id);
    free(m->late_json);
    m->late_json = json != NULL ? copy_of(json) : NULL;
    return MC_E_UNKNOWN;
}

static int take_delay(memstore *m)
{
    pthread_mutex_lock(&m->lock);
    int ms = m->next_write_ms;
    m->next_write_ms = 0;
    pthread_mutex_unlock(&m->lock);
    return ms;
}

void memstore_delay(memstore *m, int ms)
{
    pthread_mutex_lock(&m->lock);
    m->next_write_ms = ms;
    pthread_mutex_unlock(&m->lock);
}

static mc_status insert(void *user, const char *collection, const char *id, const char *json, size_t size, int64_t ms)
{
    memstore *m = user;
    (void)ms;
    (void)size;
    pthread_mutex_lock(&m->lock);
    mc_status st = place(m, collection, id) < m->n ? MC_E_EXISTS : fault(m, id, json);
    if (st == MC_OK)
        put(m, collection, id, json);
    pthread_mutex_unlock(&m->lock);
    return st;
}

static mc_status replace(void *user, const char *collection, const char *id, const char *expected, size_t expected_size,
                         const char *json, size_t size, int64_t ms)
{
    memstore *m = user;
    (void)ms;
    (void)size;
    take_time(take_delay(m));
    pthread_mutex_lock(&m->lock);
    size_t i = place(m, collection, id);
    mc_status st = MC_NOT_FOUND;
    if (i < m->n)
        st = strlen(m->docs[i].json) == expected_size && memcmp(m->docs[i].json, expected, expected_size) == 0
                 ? fault(m, id, json)
                 : MC_E_CONFLICT;
    if (st == MC_OK)
        put(m, collection, id, json);
    pthread_mutex_unlock(&m->lock);
    return st;
}

static mc_status del(void *user, const char *collection, const char *id, int64_t ms)
{
    memstore *m = user;
    (void)ms;
    pthread_mutex_lock(&m->lock);
    mc_status st = place(m, collection, id) == m->n ? MC_NOT_FOUND : fault(m, id, NULL);
    if (st == MC_OK)
        put(m, collection, id, NULL);
    pthread_mutex_unlock(&m->lock);
    return st;
}

static mc_status scan(void *user, const char *collection, const char *after, size_t limit, int64_t ms,
                      mc_document_sink *sink)
{
    memstore *m = user;
    (void)ms;
    char last[64];
    snprintf(last, sizeof last, "%s", after);
    mc_status st = MC_OK;
    pthread_mutex_lock(&m->lock);
    if (m->fail_reads != 0)
        st = m->fail_reads;
    else if (m->scans_left == 0)
        st = MC_E_TIMEOUT;
    else
        m->scans++;
    if (m->scans_left > 0)
        m->scans_left--;
    for (size_t k = 0; st == MC_OK && k < limit; k++) {
        size_t best = m->n;
        for (size_t i = 0; i < m->n; i++)
            if (strcmp(m->docs[i].collection, collection) == 0 && strcmp(m->docs[i].id, last) > 0 &&
                (best == m->n || strcmp(m->docs[i].id, m->docs[best].id) < 0))
                best = i;
        if (best == m->n)
            break;
        snprintf(last, sizeof last, "%s", m->docs[best].id);
        (void)mc_document_sink_add(sink, m->docs[best].json,
                                   strlen(m->docs[best].json)); /* one it refuses is not a reason to stop */
    }
    pthread_mutex_unlock(&m->lock);
    return st;
}

mc_store memstore_table(memstore *m)
{
    mc_store t;
    mc_store_init(&t, sizeof t);
    t.user = m;
    t.find = find;
    t.find_unique = find_unique;
    t.insert = insert;
    t.replace = replace;
    t.remove = del;
    t.scan = scan;
    return t;
}
