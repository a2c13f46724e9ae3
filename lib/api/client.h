/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind a handle, and how every public function begins and ends. */
#ifndef MCI_API_CLIENT_H
#define MCI_API_CLIENT_H

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
    mci_engine *engine;
    mci_coll *movies;
    mci_coll *theaters;
    mci_log log;
    mci_mutex set_log; /* one mc_set_log() at a time */
    mci_log_target *log_target;
    int handed_out; /* the caller has the handle */
    int64_t pid;
    _Atomic int in_callbacks;
    _Atomic uint64_t callback_thread[MCI_CALLBACKS_MAX]; /* 0: free */
} mci_client;

/* ---- handle.c: tagged numbers instead of addresses ----------------------------------------------------------------- */

/* Give the client a handle; NULL when 256 are open. */
mc_client *mci_handle_new(mci_client *cl);
/* Count a call in. MC_OK, MC_E_ARG (no handle), MC_E_CLOSED. */
mc_status mci_handle_enter(const mc_client *mc, mci_client **out);
void mci_handle_leave(const mc_client *mc);
/* Refuse new calls, wait for those under way, and give the client back. MC_OK, MC_E_ARG, MC_E_CLOSED. */
mc_status mci_handle_close(const mc_client *mc, mci_client **out);

/* ---- guard.c: host callbacks --------------------------------------------------------------------------------------- */

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

/* ---- entry.c: the frame of a call ---------------------------------------------------------------------------------- */

typedef struct mci_entry {
    const mc_client *mc;
    mci_client *cl;
    mci_call call;
    mc_info own_info; /* when the caller wants none */
    mc_error own_err;
    mc_error *caller_err;
    int64_t t0_ns;
} mci_entry;

/* Begin: zero the outputs, count in, check fork and re-entry. Only after MC_OK comes mci_leave(). */
mc_status mci_enter(mci_entry *en, const mc_client *mc, mc_info *info, mc_error *err);
/* End: elapsed time, latency histogram, the error record cleared on success. Returns `st`. */
mc_status mci_leave(mci_entry *en, mc_status st, int histogram);

#define MCI_H_NONE (-1)
#define MCI_H_READ (-2) /* hit or miss, as the info says */

/* Checks that several functions share. Each names the argument in its error. */
/* `id` as the collection wants it, in the form that keys and stores take. */
mc_status mci_check_id(const mci_coll *coll, const char *id, char out[MCI_ID_CAP], mc_error *err);
mc_status mci_check_title(const char *title, size_t *len, mc_error *err);
mc_status mci_check_key(const char *key, mc_error *err);
mc_status mci_check_value(const mci_settings *set, const void *value, size_t size, mc_error *err);
/* 0 becomes the option kv.ttl_ms. */
mc_status mci_check_ttl(const mci_settings *set, int64_t *ttl_ms, mc_error *err);
/* 0 .. limit; what is above counts as the limit. */
mc_status mci_check_count(int64_t *count, const void *rows, const void *n, mc_error *err);

#endif
