/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a ranked or near list, handed out as one object. */
#ifndef MCI_API_LIST_H
#define MCI_API_LIST_H

#include "api/call.h"
#include "index/hydrate.h"
#include <mflixcache/list.h>

typedef enum mci_list_kind { MCI_LIST_RATED = 0, MCI_LIST_VIEWED = 1, MCI_LIST_NEAR = 2 } mci_list_kind;

struct mc_list {
    mci_list_kind kind;
    size_t n;
    mci_row *rows; /* room for what was asked for; `n` of them are filled */
};

/* A list with room for `count` rows, for the engine to fill. NULL: no memory, `err` says so. */
mc_list *mci_list_new(mci_list_kind kind, int64_t count, mc_error *err);
/* End of the call: hands the list out when `st` is MC_OK, else frees it. Returns `st`. */
mc_status mci_list_hand_out(mc_list *l, mc_status st, mc_list **out);

#endif
