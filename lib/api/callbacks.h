/* SPDX-License-Identifier: Apache-2.0 */
/* Around every callback of the host: the thread is marked, so that a call on the same handle from inside is refused. */
#ifndef MCI_API_CALLBACKS_H
#define MCI_API_CALLBACKS_H

#include "api/instance.h"
#include "store/callback.h"

/* Mark this thread as being inside a callback of the host; the number goes to mci_callback_end(). */
int mci_callback_begin(mci_client *cl);
void mci_callback_end(mci_client *cl, int place);
int mci_in_callback(const mci_client *cl);

mc_status mci_guard_log(mci_client *cl, mc_log_fn fn, int level, void *user);
void mci_guard_log_free(mci_client *cl);

/* For the caller's own store: marks the thread around each of its functions. */
mci_callback_frame mci_store_frame(mci_client *cl);

/* A progress callback with the thread marked around it. */
typedef struct mci_progress_guard {
    mci_client *cl;
    mc_progress_fn fn;
    void *user;
} mci_progress_guard;

int mci_guard_progress(const mc_progress *progress, void *user);

#endif
