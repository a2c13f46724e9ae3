/* SPDX-License-Identifier: Apache-2.0 */
/* Is a text one JSON object, as this library writes it? For texts that come back from a cache: nothing is built, nothing allocated. */
#ifndef MCI_CODEC_JSON_SCAN_H
#define MCI_CODEC_JSON_SCAN_H

#include <stddef.h>

/* 1: one object in the grammar of RFC 8259, valid UTF-8, no blanks outside of texts, at most 256 levels; else 0. */
int mci_json_scan(const char *p, size_t n);

#endif
