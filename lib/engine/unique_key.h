/* SPDX-License-Identifier: Apache-2.0 */
/* The form that the text of a unique key (a title) has in keys of the cache. */
#ifndef MCI_ENGINE_UNIQUE_KEY_H
#define MCI_ENGINE_UNIQUE_KEY_H

#include "base/buf.h"

#define MCI_UNIQUE_MAX 1024 /* bytes of a unique key's text */

/* Percent-encoded where braces, blanks or control bytes would hurt. */
void mci_unique_encode(const char *text, size_t len, mci_buf *out);

#endif
