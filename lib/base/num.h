/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text and back, whatever the locale of the host. */
#ifndef MCI_BASE_NUM_H
#define MCI_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* Longest text of a double or an int64 with its NUL. */
#define MCI_NUM_MAX 40

/* Shortest text that reads back as the same double; always has '.' or 'e' ("8.0", "1e+300"). Returns its length. NaN and
 * infinities give "NaN", "Infinity", "-Infinity". */
size_t mci_double_text(double v, char out[MCI_NUM_MAX]);

/* Read a whole text as a number in the C locale. 0, or -1 when it is not one, has other bytes, or overflows. */
int mci_parse_int(const char *p, size_t n, int64_t *out);
int mci_parse_double(const char *p, size_t n, double *out); /* finite only */

#endif
