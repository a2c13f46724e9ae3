/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot file: its text, its sum, and putting a new one in the place of the old. */
#ifndef MCI_STORE_SNAPSHOT_FILE_H
#define MCI_STORE_SNAPSHOT_FILE_H

#include "base/buf.h"
#include "base/error.h"
#include <mflixcache/tiers.h>

#define MCI_SNAPSHOT_ENTRIES_MAX 1000000
#define MCI_SNAPSHOT_FORMAT "mflixcache-snapshot"
#define MCI_SNAPSHOT_SUM_SIZE 17 /* with its NUL */

/* A whole file's content, ordered by key; keys and values live in `text`. */
typedef struct mci_snapshot_table {
    mc_entry *entry;
    size_t n;
    char *text;
    int64_t written_ms;
} mci_snapshot_table;

void mci_snapshot_table_free(mci_snapshot_table *t);
/* The sum over time, keys and values, as the file has it. */
void mci_snapshot_sum(const mc_entry *sorted, size_t n, int64_t written_ms, char out[MCI_SNAPSHOT_SUM_SIZE]);
/* `sorted` by key, distinct. MC_OK: `out` holds the text; MC_E_TOOBIG (above the buffer's ceiling), MC_E_NOMEM. */
mc_status mci_snapshot_encode(const mc_entry *sorted, size_t n, int64_t written_ms, mci_buf *out, mc_error *err);
/* Write beside `path`, make it durable, rename. MC_OK or MC_E_FILE; on failure nothing is left behind. `changed_ns` (may be NULL): the new
 * file's modification time. */
mc_status mci_snapshot_replace_file(const char *path, const char *p, size_t n, int64_t *changed_ns, mc_error *err);
/* MC_E_FILE from errno: "cannot DOING PATH: why". */
mc_status mci_snapshot_errno(mc_error *err, const char *doing, const char *path);
int mci_entry_order(const void *a, const void *b);

#endif
