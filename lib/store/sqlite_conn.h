/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and error texts of the SQLite store; sqlite.c and sqlite_write.c hold the operations. */
#ifndef MCI_STORE_SQLITE_CONN_H
#define MCI_STORE_SQLITE_CONN_H

#include "base/sync.h"
#include "store/store.h"
#include <sqlite3.h>

#define MCI_SQLITE_POOL_MAX 16
#define MCI_SQLITE_TABLES_MAX 256

/* Each is prepared once for a connection and table, and kept. */
typedef enum mci_sqlite_sql {
    MCI_SQL_FIND, /* those of documents give id, text, packed bytes */
    MCI_SQL_FIND_ALIAS,
    MCI_SQL_SCAN,
    MCI_SQL_SCAN_IDS,
    MCI_SQL_SCAN_SCORES,
    MCI_SQL_TOP,
    MCI_SQL_RANK,
    MCI_SQL_COUNT_ALL,
    MCI_SQL_INSERT,
    MCI_SQL_PUT,
    MCI_SQL_FIND_ROW, /* all columns */
    MCI_SQL_UPDATE,
    MCI_SQL_UPDATE_RANK, /* the alias stays: so does its index */
    MCI_SQL_UPDATE_DOC,  /* alias and rank stay */
    MCI_SQL_DELETE,
    MCI_SQL_PING, /* from here on: of no table */
    MCI_SQL_SNAPSHOT,
    MCI_SQL_BEGIN,
    MCI_SQL_COMMIT,
    MCI_SQL_COUNT
} mci_sqlite_sql;

typedef struct mci_sqlite_statements {
    sqlite3_stmt *st[MCI_SQL_COUNT];
} mci_sqlite_statements;

typedef struct mci_sqlite_conn {
    sqlite3 *db;
    mci_deadline dl;               /* of the operation under way */
    mci_sqlite_statements own;     /* of no table */
    mci_sqlite_statements *tables; /* by the table's place in the store's list */
    size_t ntables;
    mci_buf packed; /* of the document that is being written */
    int writes;     /* it has the writers' turn */
} mci_sqlite_conn;

/* A table that is known to be there. */
typedef struct mci_sqlite_table {
    char *name;
    int has_packed; /* 0: of an earlier edition, in a file that may only be read */
} mci_sqlite_table;

typedef struct mci_sqlite {
    mci_store base; /* first */
    mci_store_env env;
    char *path;
    int64_t timeout_ms;
    mci_mutex lock; /* all below */
    mci_cond freed;
    mci_cond written; /* the writers' turn is free */
    int writing;
    mci_sqlite_conn *idle[MCI_SQLITE_POOL_MAX];
    int nidle;
    int nopen;
    int max;
    mci_sqlite_table tables[MCI_SQLITE_TABLES_MAX]; /* only appended to */
    size_t ntables;
} mci_sqlite;

/* One operation: its connection, and the words for its errors. */
typedef struct mci_sqlite_op {
    mci_sqlite *s;
    mci_sqlite_conn *c;
    const mci_spec *spec;
    int table; /* its place in the store's list */
    int has_packed;
    const char *what;
    mc_error *err;
} mci_sqlite_op;

/* Make the pool with its first connection. A file that cannot be opened, or is not a database, is MC_E_FILE. */
mc_status mci_sqlite_new(const char *path, int max, int64_t timeout_ms, const mci_store_env *env, mci_sqlite **out,
                         mc_error *err);
void mci_sqlite_free(mci_sqlite *s);

/* A connection until `dl`; *table, when `name` is not NULL: where that table is among the known ones, -1 when it is not. */
mc_status mci_sqlite_borrow(mci_sqlite *s, mci_deadline dl, const char *name, int *table, mci_sqlite_conn **out,
                            mc_error *err);
void mci_sqlite_release(mci_sqlite *s, mci_sqlite_conn *c);

/*
 * The turn of those who write in a transaction, until its release: SQLite lets one write at a time, and lets others look again and again whether it
 * still does. MC_OK, MC_E_TIMEOUT.
 */
mc_status mci_sqlite_take_turn(mci_sqlite *s, mci_sqlite_conn *c, mc_error *err);

/* Is the time of its operation up? */
int mci_sqlite_past(const mci_sqlite_conn *c);

/* What a result code means, and the same as an error with its text. */
mc_status mci_sqlite_status(int rc);
mc_status mci_sqlite_failed(mci_sqlite_op *o, int rc);

#endif
