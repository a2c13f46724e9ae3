/* SPDX-License-Identifier: Apache-2.0 */
/* Text that must not depend on the host's locale: numbers, JSON strings, UTF-8, hex, dates. */
#ifndef MCI_BASE_TEXT_H
#define MCI_BASE_TEXT_H

#include "base/buf.h"

/* Longest text of a double or an int64 with its NUL. */
#define MCI_NUM_MAX 40

/* Shortest text that reads back as the same double; always has '.' or 'e' ("8.0", "1e+300"). Returns its length. NaN and
 * infinities give "NaN", "Infinity", "-Infinity". */
size_t mci_double_text(double v, char out[MCI_NUM_MAX]);

/* Read a whole text as a number in the C locale. 0, or -1 when it is not one, has other bytes, or overflows. */
int mci_parse_int(const char *p, size_t n, int64_t *out);
int mci_parse_double(const char *p, size_t n, double *out); /* finite only */

/* 1 when the bytes are well-formed UTF-8 (no overlong forms, no surrogates). */
int mci_utf8_valid(const char *p, size_t n);

/* Append the bytes as a JSON string with quotes; the input is valid UTF-8. Escapes '"', '\\' and control bytes only. */
void mci_buf_json_string(mci_buf *b, const char *p, size_t n);

/* 1 when the n bytes are the same but for the case of a to z. Not strncasecmp(): in a Turkish locale, I is no capital i there. */
int mci_same_word(const char *a, const char *b, size_t n);

/* 24 hexadecimal digits? Writes them in lower case with a NUL. 0 or -1. */
int mci_objectid_normalise(const char *p, size_t n, char out[25]);

/* Milliseconds since 1970 -> "2015-08-08T19:16:10Z" (".123" before Z only when not zero), years 1970 to 9999 only: -1 else.
 * And back: accepts "Z" or a +hh:mm zone, 0 to 3 or more fraction digits. */
int mci_iso_from_ms(int64_t ms, char out[32]);
int mci_ms_from_iso(const char *p, size_t n, int64_t *out);

/* Standard base64 with padding. Decoding wants the one canonical text of the bytes; `out` has room for n / 4 * 3. 0 or -1. */
void mci_buf_base64(mci_buf *b, const void *p, size_t n);
int mci_base64_decode(const char *p, size_t n, uint8_t *out, size_t *out_len);

#endif
