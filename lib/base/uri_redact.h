/* SPDX-License-Identifier: Apache-2.0 */
/* A URI as it may be shown. */
#ifndef MCI_BASE_URI_REDACT_H
#define MCI_BASE_URI_REDACT_H

#include <stddef.h>

/* Text of a URI without the passwords in it: in its user part, and in a query's parameters that carry one. Cut to `size` bytes. */
void mci_uri_redact(const char *uri, char *out, size_t size);

#endif
