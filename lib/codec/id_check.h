/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of documents. */
#ifndef MCI_CODEC_ID_CHECK_H
#define MCI_CODEC_ID_CHECK_H

#include "base/doc.h"
#include "codec/json_limits.h"
#include <mflixcache/error.h>

/*
 * Check one id against `kind` and write it in the form the stores take (ObjectIds in lower case). `name` is what the error
 * text calls it. MC_OK, MC_E_ARG, MC_E_UTF8.
 */
mc_status mci_id_check(mci_id_kind kind, const char *p, size_t n, char out[MCI_ID_CAP], const char *name, mc_error *err);

#endif
