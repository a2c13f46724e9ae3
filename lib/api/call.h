/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a call: how every public function begins and ends, and the checks of arguments that several share. */
#ifndef MCI_API_CALL_H
#define MCI_API_CALL_H

#include "api/instance.h"

typedef struct mci_frame {
    const mc_client *mc;
    const mc_client *root; /* of a session; NULL: it is none */
    mci_client *cl;        /* of a session: its root's */
    mci_call call;
    mc_info own_info; /* when the caller wants none */
    mc_error own_err;
    mc_error *caller_err;
    int64_t t0_ns;
} mci_frame;

/* Begin: zero the outputs, count in, check fork and re-entry. Only after MC_OK comes mci_leave(). */
mc_status mci_enter(mci_frame *fr, const mc_client *mc, mc_info *info, mc_error *err);
/* The tier of an answer by the name that the caller knows. */
void mci_name_tier(const mci_engine *e, int *tier);
/* End: elapsed time, latency histogram, the error record cleared on success. Returns `st`. */
mc_status mci_leave(mci_frame *fr, mc_status st, int histogram);

#define MCI_H_NONE (-1)
#define MCI_H_READ (-2) /* hit or miss, as the info says */

/* Checks that several functions share. Each names the argument in its error. */
/* `id` as the collection wants it, in the form that keys and stores take. */
mc_status mci_check_id(const mci_coll *coll, const char *id, char out[MCI_ID_CAP], mc_error *err);
mc_status mci_check_title(const char *title, size_t *len, mc_error *err);
mc_status mci_check_key(const mci_settings *set, const char *key, mc_error *err);
/* 0 .. limit; what is above counts as the limit. */
mc_status mci_check_count(int64_t *count, const void *out, mc_error *err);

#endif
