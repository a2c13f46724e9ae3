/* SPDX-License-Identifier: Apache-2.0 */
/* A store made of the host's callbacks (mflixcache/store.h). */
#ifndef MCI_STORE_CALLBACK_H
#define MCI_STORE_CALLBACK_H

#include "store/store.h"

/* What whoever owns the store wants done around the host's functions. Any member may be NULL. Any thread calls. */
typedef struct mci_callback_frame {
    int (*enter)(void *user);             /* before each but close; the number goes to `leave` */
    void (*leave)(void *user, int place); /* after it */
    int (*closing)(void *user);           /* may the host's close be called? 0: the handle never came into being */
    void *user;
} mci_callback_frame;

/* `cb` and `frame` (NULL: nothing is done around) are copied. MC_OK; MC_E_ARG (no table, no find), MC_E_NOMEM. */
mc_status mci_store_callback_open(const mc_store *cb, const mci_callback_frame *frame, const mci_store_env *env,
                                  mci_store **out, mc_error *err);

#endif
