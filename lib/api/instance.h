/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind a handle: one opened client. client.c makes it and ends it. */
#ifndef MCI_API_INSTANCE_H
#define MCI_API_INSTANCE_H

#include "base/fork_mark.h"
#include "engine/call.h"
#include "engine/open.h"
#include "engine/strings.h"
#include "engine/unique_key.h"
#include "engine/values.h"
#include "store/callback.h"
#include <mflixcache/client.h>

#define MCI_CALLBACKS_MAX 64 /* threads inside a host callback at one time, as far as they are watched */

typedef struct mci_log_target mci_log_target;

typedef struct mci_client {
    const mc_client *root; /* a session: the handle it shares everything with; then only `session` is its own */
    mci_session *session;
    mci_engine *engine;
    mci_coll *movies;
    mci_coll *theaters;
    mci_log log;
    mci_mutex set_log; /* one mc_set_log() at a time */
    mci_log_target *log_target;
    int handed_out; /* the caller has the handle */
    mci_fork_mark mark;
    _Atomic int in_callbacks;
    _Atomic uint64_t callback_thread[MCI_CALLBACKS_MAX]; /* 0: free */
} mci_client;

#endif
