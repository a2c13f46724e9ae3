/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain form of a snapshot (snapshot.format = plain): one JSON object {key: value} and nothing else, which any language reads in one
 * line. A value that is a JSON object or array stands there as it is, byte by byte; any other text is a JSON string. Bytes that are no text
 * have no plain form. When it was written and its sum are in a file beside it, "<path>.check", which speaks for exactly one file, known by
 * its size and time: another program may write a file of its own in its place, and that one is believed when it is JSON.
 */
#ifndef MCI_STORE_SNAPSHOT_PLAIN_H
#define MCI_STORE_SNAPSHOT_PLAIN_H

#include "base/buf.h"
#include "base/error.h"
#include <mflixcache/tiers.h>
#include <stdint.h>

#define MCI_SNAPSHOT_CHECK_SUFFIX ".check"

/* Which file is meant, and what it should be. */
typedef struct mci_snapshot_check {
    int64_t size;
    int64_t changed_ns; /* its modification time, in nanoseconds since 1970 */
    int64_t written_ms;
    uint64_t sum;
} mci_snapshot_check;

uint64_t mci_snapshot_text_sum(const char *p, size_t n);
/* The end of the JSON value that begins at `p`; NULL: there is none, or it is nested too deeply. Strict: what it takes every parser takes. */
const char *mci_snapshot_json_end(const char *p, const char *end);
/* `sorted` by key, distinct. MC_OK; MC_E_UTF8: a value is no text; MC_E_TOOBIG. */
mc_status mci_snapshot_plain_encode(const mc_entry *sorted, size_t n, mci_buf *out, mc_error *err);
/* Write "<path>.check". MC_OK or MC_E_FILE. */
mc_status mci_snapshot_check_write(const char *path, const mci_snapshot_check *check, mc_error *err);
/* What the file beside `path` says of the file of that size and time. 1; 0: nothing. */
int mci_snapshot_check_read(const char *path, int64_t size, int64_t changed_ns, mci_snapshot_check *out);

#endif
