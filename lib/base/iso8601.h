/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as text (ISO 8601) and as milliseconds since 1970. */
#ifndef MCI_BASE_ISO8601_H
#define MCI_BASE_ISO8601_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds since 1970 -> "2015-08-08T19:16:10Z" (".123" before Z only when not zero), years 1970 to 9999 only: -1 else. */
int mci_iso_from_ms(int64_t ms, char out[32]);

/* And back: accepts "Z" or a +hh:mm zone, 0 to 3 or more fraction digits. 0 or -1. */
int mci_ms_from_iso(const char *p, size_t n, int64_t *out);

#endif
