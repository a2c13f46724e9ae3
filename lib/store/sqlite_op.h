/* SPDX-License-Identifier: Apache-2.0 */
/* What every operation of the SQLite store begins with, runs, and ends with. */
#ifndef MCI_STORE_SQLITE_OP_H
#define MCI_STORE_SQLITE_OP_H

#include "store/sqlite_conn.h"

/* Borrow a connection for one operation until `dl`, with the collection's table there. Give it back, also after a failure
 * of the operation, with mci_sqlite_end(), which returns `st`; after a failure of begin there is nothing to end. */
mc_status mci_sqlite_begin(mci_sqlite_op *o, mci_store *s, const mci_spec *spec, const char *what, mci_deadline dl,
                           mc_error *err);
mc_status mci_sqlite_end(mci_sqlite_op *o, mc_status st);

/* Between two rows, whose decoding SQLite does not see: MC_OK, or MC_E_TIMEOUT with its text. */
mc_status mci_sqlite_in_time(mci_sqlite_op *o);

/* A statement of the operation's table (of none when it has no spec), ready to be bound. Give it back with mci_sqlite_done(); NULL is fine
 * there. */
mc_status mci_sqlite_statement(mci_sqlite_op *o, mci_sqlite_sql which, sqlite3_stmt **out);
void mci_sqlite_done(sqlite3_stmt *st);

/* Run one that has neither table nor parameters. Its result code, SQLITE_OK when it has run. */
int mci_sqlite_run(mci_sqlite_op *o, mci_sqlite_sql which);

#endif
