/* SPDX-License-Identifier: Apache-2.0 */
/* A database in memory behind the public callback table, with faults to order. For tests of the cache's protocol. */
#ifndef SUPPORT_MEMSTORE_H
#define SUPPORT_MEMSTORE_H

#include <mflixcache/store.h>
#include <pthread.h>

#define MEM_DOCS 4096

typedef struct memstore {
    pthread_mutex_t lock;
    struct {
        char collection[16];
        char id[64];
        char *json;
    } docs[MEM_DOCS];
    size_t n;
    int finds;         /* reads so far (find, find_unique) */
    int finds_many;    /* calls of memstore_find_many() so far */
    int fail_reads;    /* a status to answer reads with, 0: none */
    int fail_writes;   /* a status to answer writes with, 0: none */
    int late_writes;   /* 1: the next write answers MC_E_UNKNOWN and waits for memstore_commit() */
    int slow_read_ms;  /* each find takes so long */
    int scans;         /* pages given so far */
    int scans_left;    /* pages until scans time out; negative: no end */
    int next_write_ms; /* the next write lands so late */
    char late_id[64];
    char *late_json; /* NULL: a removal */
    int late_there;
} memstore;

void memstore_init(memstore *m);
void memstore_free(memstore *m);
mc_store memstore_table(memstore *m);

/* For the table's find_many, where a test wants one: without it the cache asks for each. */
mc_status memstore_find_many(void *user, const char *collection, const char *const *ids, size_t n, int64_t ms,
                             mc_document_sink *sink);

/* Behind the cache's back. json NULL: remove. */
void memstore_put(memstore *m, const char *collection, const char *id, const char *json);
/* A copy (free()), or NULL. */
char *memstore_get(memstore *m, const char *collection, const char *id);
/* One write that comes now waits so long before it is carried out. */
void memstore_delay(memstore *m, int ms);
/* Let the write that answered MC_E_UNKNOWN land. */
void memstore_commit(memstore *m);

#endif
