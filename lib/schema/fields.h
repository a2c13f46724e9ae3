/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one field of a document into a caller's variable, with a status that says why not. */
#ifndef MCI_SCHEMA_FIELDS_H
#define MCI_SCHEMA_FIELDS_H

#include "base/doc.h"

/* A whole number. MC_OK, MC_NOT_FOUND (missing), MC_E_TYPE (something else), MC_E_ARG (`out` NULL). *out is 0 unless MC_OK. */
mc_status mci_field_int(const mci_doc *d, size_t field, int64_t *out);
/* A finite number. An empty text counts as missing: real data has it. */
mc_status mci_field_number(const mci_doc *d, size_t field, double *out);

#endif
