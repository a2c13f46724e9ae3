/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal128 of IEEE 754 as text. */
#ifndef MCI_CODEC_DECIMAL128_H
#define MCI_CODEC_DECIMAL128_H

#include "base/buf.h"

#define MCI_DECIMAL128_MAX 8192 /* bytes of the longest text: 6,176 places behind the point, and more */

/* Append the one spelling of the number in `text` ("+1e2" becomes 1E+2). 1, or 0 with nothing appended when it is not a Decimal128. */
int mci_decimal128_put(mci_buf *out, const char *text);

#endif
