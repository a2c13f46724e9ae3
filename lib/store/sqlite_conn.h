/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, tables and error texts of the SQLite store; sqlite.c and sqlite_write.c hold the operations. */
#ifndef MCI_STORE_SQLITE_CONN_H
#define MCI_STORE_SQLITE_CONN_H

#include "base/sync.h"
#include "store/store.h"
#include <sqlite3.h>

#define MCI_SQLITE_POOL_MAX 16

typedef struct mci_sqlite_conn {
    sqlite3 *db;
    mci_deadline dl; /* of the operation under way */
} mci_sqlite_conn;

typedef struct mci_sqlite {
    mci_store base; /* first */
    mci_store_env env;
    char *path;
    int64_t timeout_ms;
    mci_mutex lock; /* all below */
    mci_cond freed;
    mci_sqlite_conn *idle[MCI_SQLITE_POOL_MAX];
    int nidle;
    int nopen;
    int max;
    char **tables; /* names known to be there */
    size_t ntables;
} mci_sqlite;

/* One operation: its connection, and the words for its errors. */
typedef struct mci_sqlite_op {
    mci_sqlite *s;
    mci_sqlite_conn *c;
    const mci_spec *spec;
    const char *what;
    mc_error *err;
} mci_sqlite_op;

/* Make the pool with its first connection. A file that cannot be opened, or is not a database, is MC_E_FILE. */
mc_status mci_sqlite_new(const char *path, int max, int64_t timeout_ms, const mci_store_env *env, mci_sqlite **out,
                         mc_error *err);
void mci_sqlite_free(mci_sqlite *s);

/* Borrow a connection for one operation until `dl`, with the collection's table there. Give it back, also after a failure
 * of the operation, with mci_sqlite_end(), which returns `st`; after a failure of begin there is nothing to end. */
mc_status mci_sqlite_begin(mci_sqlite_op *o, mci_store *s, const mci_spec *spec, const char *what, mci_deadline dl,
                           mc_error *err);
mc_status mci_sqlite_end(mci_sqlite_op *o, mc_status st);

/* Between two rows, whose decoding SQLite does not see: MC_OK, or MC_E_TIMEOUT with its text. */
mc_status mci_sqlite_in_time(mci_sqlite_op *o);

/* What a result code means, and the same as an error with its text. */
mc_status mci_sqlite_status(int rc);
mc_status mci_sqlite_failed(mci_sqlite_op *o, int rc);

/* Prepare a statement from a format in which every %w is the table's name. */
mc_status mci_sqlite_prepare(mci_sqlite_op *o, const char *fmt, sqlite3_stmt **out);

#endif
