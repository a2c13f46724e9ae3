/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a snapshot file piece by piece: a call that has no more time leaves what it has, and the next one goes on from there. Keys
 * and values are decoded in place in the file's text, so that all of it takes the file's size, 24 bytes for each entry (48 for
 * a moment, while their table grows), and no tree.
 */
#ifndef MCI_STORE_SNAPSHOT_READ_H
#define MCI_STORE_SNAPSHOT_READ_H

#include "base/clock.h"
#include "store/snapshot_file.h"

typedef struct mci_snapshot_reader mci_snapshot_reader;

/* `fd` (may be -1: there is none) of `size` bytes is taken over, also on failure. NULL: memory is short. */
mci_snapshot_reader *mci_snapshot_reader_new(int fd, size_t size);
void mci_snapshot_reader_free(mci_snapshot_reader *r); /* NULL is fine */

/* The file may also be a plain one (snapshot_plain.h), written then; `sum` NULL: nothing is known that it could be checked by. */
void mci_snapshot_reader_plain(mci_snapshot_reader *r, int64_t written_ms, const uint64_t *sum);

/* Go on until `dl`. MC_OK: `out` has all of it; MC_E_TIMEOUT: call again; MC_E_JSON, MC_E_TOOBIG, MC_E_FILE, MC_E_NOMEM: it is over. */
mc_status mci_snapshot_reader_go(mci_snapshot_reader *r, mci_deadline dl, mci_snapshot_table *out, mc_error *err);

/* The text of a file (snapshot_read.c). MC_OK, MC_E_JSON, MC_E_TOOBIG, MC_E_NOMEM. */
mc_status mci_snapshot_decode(const char *json, size_t len, mci_snapshot_table *out, mc_error *err);

#endif
