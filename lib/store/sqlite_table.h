/* SPDX-License-Identifier: Apache-2.0 */
/* The tables and indexes of the SQLite store. */
#ifndef MCI_STORE_SQLITE_TABLE_H
#define MCI_STORE_SQLITE_TABLE_H

#include "store/sqlite_conn.h"

/* See that the table of the operation's collection is there, as this edition has it, and remember it: sets o->table and o->has_packed. */
mc_status mci_sqlite_make_table(mci_sqlite_op *o);

/* All its indexes, also those that a file of an earlier edition may lack. */
mc_status mci_sqlite_make_indexes(mci_sqlite_op *o);
/* The names of those that are not there. */
mc_status mci_sqlite_missing_indexes(mci_sqlite_op *o, mci_buf *out);

#endif
