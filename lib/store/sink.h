/* SPDX-License-Identifier: Apache-2.0 */
/* What a callback of the host puts its answer into: documents (callback.c), or one value (a loader of mc_get_or_load()). */
#ifndef MCI_STORE_SINK_H
#define MCI_STORE_SINK_H

#include "store/store.h"

struct mc_sink {
    const mci_store_env *env;
    const mci_spec *spec;
    const char *want; /* the id that was asked for, or NULL */
    mci_doc **out;    /* room for `limit`; NULL: takes a value, not documents */
    size_t limit;
    size_t n;
    size_t offered; /* also those that did not decode (of a scan) */
    char *last;     /* id of the last one offered */
    int skip_broken;
    char **raw; /* the first document's bytes as they came, for replace-if-unchanged; or NULL */
    size_t raw_len;
    mci_buf *value; /* NULL: takes documents, not a value */
    mc_status st;
    mc_error *err;
};

#endif
