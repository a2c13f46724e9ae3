/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the frame around every callback of the host: the thread is marked, so that a call on the same handle from inside is refused
 * instead of dead-locking. Refuses: thread-local state; the marks live in the client.
 */
#include "api/callbacks.h"

#include <stdlib.h>

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

static int store_enter(void *user)
{
    return mci_callback_begin(user);
}

static void store_leave(void *user, int place)
{
    mci_callback_end(user, place);
}

/* A store is closed by us only when its handle came into being. */
static int store_closing(void *user)
{
    const mci_client *cl = user;
    return cl->handed_out;
}

mci_callback_frame mci_store_frame(mci_client *cl)
{
    return (mci_callback_frame){.enter = store_enter, .leave = store_leave, .closing = store_closing, .user = cl};
}
