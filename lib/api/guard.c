/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the frame around every callback of the host: the thread is marked, so that a call on the same handle from inside is refused
 * instead of dead-locking. Refuses: thread-local state; the marks live in the client.
 */
#include "api/client.h"

#include <stdlib.h>
#include <string.h>

int mci_callback_begin(mci_client *cl)
{
    uint64_t me = mci_thread_id();
    for (int i = 0; i < MCI_CALLBACKS_MAX; i++) {
        uint64_t free_mark = 0;
        if (atomic_compare_exchange_strong(&cl->callback_thread[i], &free_mark, me)) {
            (void)atomic_fetch_add(&cl->in_callbacks, 1);
            return i;
        }
    }
    return -1; /* more threads than are watched: the host's promise has to do */
}

void mci_callback_end(mci_client *cl, int place)
{
    if (place < 0)
        return;
    (void)atomic_fetch_sub(&cl->in_callbacks, 1);
    atomic_store(&cl->callback_thread[place], 0);
}

int mci_in_callback(const mci_client *cl)
{
    if (atomic_load(&cl->in_callbacks) == 0)
        return 0;
    uint64_t me = mci_thread_id();
    for (int i = 0; i < MCI_CALLBACKS_MAX; i++)
        if (atomic_load(&cl->callback_thread[i]) == me)
            return 1;
    return 0;
}

/* ---- log ---------------------------------------------------------------------------------------------------------- */

struct mci_log_target {
    mci_client *cl;
    mc_log_fn fn;
    void *user;
};

static void log_line(int level, const char *text, void *user)
{
    const mci_log_target *t = user;
    int place = mci_callback_begin(t->cl);
    t->fn(level, text, t->user);
    mci_callback_end(t->cl, place);
}

mc_status mci_guard_log(mci_client *cl, mc_log_fn fn, int level, void *user)
{
    mci_log_target *t = NULL;
    if (fn != NULL) {
        t = malloc(sizeof *t);
        if (t == NULL)
            return MC_E_NOMEM;
        *t = (mci_log_target){cl, fn, user};
    }
    mci_mutex_lock(&cl->set_log);
    mc_status st = mci_log_set(&cl->log, fn != NULL ? log_line : NULL, level, t);
    if (st == MC_OK) {
        mci_log_target *old = cl->log_target; /* not called any more: mci_log_set() waited for that */
        cl->log_target = t;
        t = old;
    }
    mci_mutex_unlock(&cl->set_log);
    free(t);
    return st;
}

void mci_guard_log_free(mci_client *cl)
{
    free(cl->log_target);
    cl->log_target = NULL;
}

int mci_guard_progress(const mc_progress *progress, void *user)
{
    const mci_progress_guard *g = user;
    int place = mci_callback_begin(g->cl);
    int rc = g->fn(progress, g->user);
    mci_callback_end(g->cl, place);
    return rc;
}

/* ---- the host's store --------------------------------------------------------------------------------------------- */

struct mci_store_guard {
    mc_store host;
    mci_client *_Atomic cl; /* NULL until the client is there: nothing runs before */
};

typedef struct frame {
    mci_client *cl;
    int place;
} frame;

static frame enter(const mci_store_guard *g)
{
    frame f = {.cl = atomic_load(&g->cl), .place = -1};
    if (f.cl != NULL)
        f.place = mci_callback_begin(f.cl);
    return f;
}

static mc_status leave(frame f, mc_status st)
{
    if (f.cl != NULL)
        mci_callback_end(f.cl, f.place);
    return st;
}

static mc_status g_find(void *user, const char *collection, const char *id, int64_t ms, mc_sink *sink)
{
    const mci_store_guard *g = user;
    frame f = enter(g);
    return leave(f, g->host.find(g->host.user, collection, id, ms, sink));
}

static mc_status g_find_by_title(void *user, const char *collection, const char *title, int64_t ms, mc_sink *sink)
{
    const mci_store_guard *g = user;
    frame f = enter(g);
    return leave(f, g->host.find_by_title(g->host.user, collection, title, ms, sink));
}

static mc_status g_insert(void *user, const char *collection, const char *id, const char *json, size_t size, int64_t ms)
{
    const mci_store_guard *g = user;
    frame f = enter(g);
    return leave(f, g->host.insert(g->host.user, collection, id, json, size, ms));
}

static mc_status g_replace(void *user, const char *collection, const char *id, const char *expected, size_t expected_size,
                           const char *json, size_t size, int64_t ms)
{
    const mci_store_guard *g = user;
    frame f = enter(g);
    return leave(f, g->host.replace(g->host.user, collection, id, expected, expected_size, json, size, ms));
}

static mc_status g_remove(void *user, const char *collection, const char *id, int64_t ms)
{
    const mci_store_guard *g = user;
    frame f = enter(g);
    return leave(f, g->host.remove(g->host.user, collection, id, ms));
}

static mc_status g_scan(void *user, const char *collection, const char *after, size_t limit, int64_t ms, mc_sink *sink)
{
    const mci_store_guard *g = user;
    frame f = enter(g);
    return leave(f, g->host.scan(g->host.user, collection, after, limit, ms, sink));
}

static void g_close(void *user)
{
    const mci_store_guard *g = user;
    if (atomic_load(&g->cl) != NULL) /* only a store whose handle came into being is closed by us */
        g->host.close(g->host.user);
}

mci_store_guard *mci_guard_store(const mc_store *host, mc_store *out)
{
    mci_store_guard *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    /* A caller built against an older header has a shorter table: the rest stays NULL. */
    size_t size = host->struct_size < sizeof g->host ? host->struct_size : sizeof g->host;
    memcpy(&g->host, host, size);
    mc_store_init(out, sizeof *out);
    out->user = g;
    out->find = g->host.find != NULL ? g_find : NULL;
    out->find_by_title = g->host.find_by_title != NULL ? g_find_by_title : NULL;
    out->insert = g->host.insert != NULL ? g_insert : NULL;
    out->replace = g->host.replace != NULL ? g_replace : NULL;
    out->remove = g->host.remove != NULL ? g_remove : NULL;
    out->scan = g->host.scan != NULL ? g_scan : NULL;
    out->close = g->host.close != NULL ? g_close : NULL;
    return g;
}

void mci_guard_store_bind(mci_store_guard *g, mci_client *cl)
{
    atomic_store(&g->cl, cl);
}

void mci_guard_store_free(mci_store_guard *g)
{
    free(g);
}
