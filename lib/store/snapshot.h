/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot tier: values by key in one JSON file, written by a producer and read by any number of processes when the tiers
 * before it cannot answer. The file (snapshot_file.h) is
 *   {"format":"mflixcache-snapshot","version":1,"written_ms":MS,"count":N,"sum":"16 HEX","entries":{KEY:{"text":T},...}}
 * with {"base64":B} for a value that is not text. The sum runs over time, keys and values in the order of the keys' bytes: a
 * file that was cut, edited or mixed up is refused as a whole. Or it is a plain one: snapshot_plain.h.
 */
#ifndef MCI_STORE_SNAPSHOT_H
#define MCI_STORE_SNAPSHOT_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include <mflixcache/tiers.h>

typedef struct mci_snapshot mci_snapshot;

/* No I/O. `path` is borrowed; "" is a tier that has nothing. NULL when memory is short. */
mci_snapshot *mci_snapshot_new(const char *path, int64_t max_bytes);
/* Files are written plain, and read in either form. To be said before anything else. */
void mci_snapshot_set_plain(mci_snapshot *s);
void mci_snapshot_free(mci_snapshot *s);

/*
 * Look a key up. The file is read again when it has changed since the last look: by one thread, without a lock, until `dl`; when
 * that is too soon the next call goes on. Meanwhile what was read before answers; while there is nothing yet, others wait.
 * MC_OK: `*out` is a malloc'ed copy with a NUL after it; MC_NOT_FOUND: no file, or no such key; MC_E_FILE, MC_E_TOOBIG,
 * MC_E_JSON: a file that is there and cannot be used: then, and until a good one takes its place, the last good one answers, and
 * `*refused` is set once for each such file. MC_E_TIMEOUT: it is still being read.
 */
mc_status mci_snapshot_find(mci_snapshot *s, const char *key, mci_deadline dl, char **out, size_t *size, int64_t *written_ms,
                            int *refused, mc_error *err);

/* Read the file now. MC_OK, MC_NOT_FOUND (there is none), MC_E_TIMEOUT (the next call goes on), or why it is refused. */
mc_status mci_snapshot_load(mci_snapshot *s, mci_deadline dl, size_t *entries, int64_t *written_ms, mc_error *err);

/* Put a new file in the place of the old: all of it, or nothing changes. Keys are checked and distinct, else MC_E_ARG. Of a
 * plain one MC_E_UTF8: a value is no text. */
mc_status mci_snapshot_save(mci_snapshot *s, const mc_entry *entries, size_t n, int64_t written_ms, mc_error *err);

#endif
