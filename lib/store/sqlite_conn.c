/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: connections to the SQLite file, lent from a small pool and held to a deadline by busy handler and progress handler.
 * Refuses: extensions, triggers and views of a file that came from elsewhere.
 */
#define _XOPEN_SOURCE 700 /* realpath() */

#include "store/sqlite_conn.h"

#include "base/error.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

#define OPS_BETWEEN_CHECKS 2000 /* virtual machine steps between two looks at the clock: some tens of microseconds */

/* ---- errors ---- */

mc_status mci_sqlite_status(int rc)
{
    if (rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_UNIQUE)
        return MC_E_EXISTS;
    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return MC_E_TIMEOUT;
    case SQLITE_NOMEM:
        return MC_E_NOMEM;
    case SQLITE_TOOBIG:
        return MC_E_TOOBIG;
    default:
        return MC_E_STORE;
    }
}

mc_status mci_sqlite_failed(mci_sqlite_op *o, int rc)
{
    const char *table = o->spec != NULL ? o->spec->name : "";
    if (mci_sqlite_status(rc) == MC_E_TIMEOUT)
        return mci_fail_code(o->err, MC_E_TIMEOUT, MC_TIER_STORE, rc, "sqlite %s %s: the deadline passed (%s)", o->what,
                             table, sqlite3_errstr(rc));
    return mci_fail_code(o->err, mci_sqlite_status(rc), MC_TIER_STORE, rc, "sqlite %s %s: %s", o->what, table,
                         sqlite3_errmsg(o->c->db));
}

/* ---- connections ---- */

int mci_sqlite_past(const mci_sqlite_conn *c)
{
    return c->dl != MCI_NO_DEADLINE && mci_now_ns() >= c->dl;
}

static int past_deadline(void *arg)
{
    return mci_sqlite_past(arg);
}

/* Another process holds the lock: look again soon, as long as there is time. SQLite's own time-out adds up the naps it meant
 * to take, and on a busy machine each is longer than that. */
static int wait_for_lock(void *arg, int tries)
{
    static const int64_t naps_ms[] = {1, 1, 2, 3, 5, 8, 10, 15, 20};
    const mci_sqlite_conn *c = arg;
    size_t last = sizeof naps_ms / sizeof naps_ms[0] - 1;
    if (past_deadline(arg))
        return 0;
    mci_sleep_ms(naps_ms[(size_t)tries < last ? (size_t)tries : last], c->dl);
    return 1;
}

static void conn_close(mci_sqlite_conn *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; k < MCI_SQL_COUNT; k++)
            sqlite3_finalize(c->tables[i].st[k]);
    for (size_t k = 0; k < MCI_SQL_COUNT; k++)
        sqlite3_finalize(c->own.st[k]);
    free(c->tables);
    mci_buf_free(&c->packed);
    sqlite3_close_v2(c->db);
    free(c);
}

/*
 * A new file gets pages that hold three films instead of one: a third of the writes of a large import. Pages that are kept in memory (8 MiB for each
 * connection, as far as they are needed) are those of the indexes, which are read for each row.
 */
#define PRAGMAS "PRAGMA cell_size_check=ON; PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA cache_size=-8192;"

/* Nothing of the file is trusted: not its schema, not its triggers, not its lengths. */
static int conn_setup(mci_sqlite_conn *c)
{
    static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                              SQLITE_DBCONFIG_ENABLE_VIEW,    SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
                              SQLITE_DBCONFIG_DQS_DML,        SQLITE_DBCONFIG_DQS_DDL};
    int rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    for (size_t i = 0; i < sizeof off / sizeof *off && rc == SQLITE_OK; i++)
        rc = sqlite3_db_config(c->db, off[i], 0, (int *)NULL);
    (void)sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, 64 << 20);
    (void)sqlite3_limit(c->db, SQLITE_LIMIT_SQL_LENGTH, 64 << 10);
    (void)sqlite3_limit(c->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(c->db, OPS_BETWEEN_CHECKS, past_deadline, c);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_handler(c->db, wait_for_lock, c);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(c->db, PRAGMAS, NULL, NULL, NULL);
    return rc;
}

/* A new connection. A file that cannot be opened or is not a database is MC_E_FILE. */
static mc_status conn_open(mci_sqlite *s, mci_deadline dl, mci_sqlite_conn **out, mc_error *err)
{
    mci_sqlite_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "sqlite: out of memory");
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    char *literal =
        strncmp(s->path, "file:", 5) == 0 ? sqlite3_mprintf("./%s", s->path) : NULL; /* never as a URI of SQLite's */
    int rc = sqlite3_open_v2(literal != NULL ? literal : s->path, &c->db, flags, NULL);
    sqlite3_free(literal);
    mci_buf_init(&c->packed, SIZE_MAX / 4);
    if (rc == SQLITE_OK) {
        c->dl = dl;
        rc = conn_setup(c);
        /* Turning a new file to WAL does not wait for another process that is doing the same. */
        while ((rc & 0xFF) == SQLITE_BUSY && mci_deadline_left_ms(dl) > 0) {
            mci_sleep_ms(5, dl);
            rc = conn_setup(c);
        }
        if ((rc & 0xFF) == SQLITE_READONLY)
            rc = SQLITE_OK; /* a file that may only be read: reading works, writes will say so */
    }
    if (rc == SQLITE_OK) {
        *out = c;
        return MC_OK;
    }
    mc_status st = mci_sqlite_status(rc) == MC_E_STORE ? MC_E_FILE : mci_sqlite_status(rc);
    int cause = c->db != NULL ? sqlite3_system_errno(c->db) : 0;
    char why[128] = "";
    if (cause != 0 && strerror_r(cause, why, sizeof why) != 0)
        why[0] = '\0';
    st = mci_fail_code(err, st, MC_TIER_STORE, rc, "sqlite: cannot open the database file %.250s: %s%s%s", s->path,
                       sqlite3_errstr(rc), why[0] != '\0' ? ": " : "", why);
    conn_close(c);
    return st;
}

/* Where the table is among those that are known to be there; -1. With the lock. */
static int known_table(const mci_sqlite *s, const char *name)
{
    for (size_t i = 0; i < s->ntables; i++)
        if (strcmp(s->tables[i].name, name) == 0)
            return (int)i;
    return -1;
}

mc_status mci_sqlite_borrow(mci_sqlite *s, mci_deadline dl, const char *name, int *table, mci_sqlite_conn **out,
                            mc_error *err)
{
    mc_status st = MC_OK;
    *out = NULL;
    mci_mutex_lock(&s->lock);
    while (s->nidle == 0 && s->nopen >= s->max)
        if (mci_cond_wait(&s->freed, &s->lock, dl) != 0 && s->nidle == 0) {
            mci_mutex_unlock(&s->lock);
            return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "sqlite: no connection became free before the deadline");
        }
    if (s->nidle > 0)
        *out = s->idle[--s->nidle];
    else
        s->nopen++;
    if (name != NULL)
        *table = known_table(s, name);
    mci_mutex_unlock(&s->lock);
    if (*out == NULL && (st = conn_open(s, dl, out, err)) != MC_OK) {
        mci_mutex_lock(&s->lock);
        s->nopen--;
        mci_cond_signal(&s->freed);
        mci_mutex_unlock(&s->lock);
    }
    if (*out != NULL)
        (*out)->dl = dl;
    return st;
}

mc_status mci_sqlite_take_turn(mci_sqlite *s, mci_sqlite_conn *c, mc_error *err)
{
    mci_mutex_lock(&s->lock);
    while (s->writing)
        if (mci_cond_wait(&s->written, &s->lock, c->dl) != 0 && s->writing) {
            mci_mutex_unlock(&s->lock);
            return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "sqlite: others wrote until the deadline");
        }
    s->writing = c->writes = 1;
    mci_mutex_unlock(&s->lock);
    return MC_OK;
}

void mci_sqlite_release(mci_sqlite *s, mci_sqlite_conn *c)
{
    c->dl = MCI_NO_DEADLINE; /* a roll back must not be interrupted */
    if (!sqlite3_get_autocommit(c->db))
        (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    mci_mutex_lock(&s->lock);
    if (c->writes) {
        s->writing = c->writes = 0;
        mci_cond_signal(&s->written);
    }
    s->idle[s->nidle++] = c;
    mci_cond_signal(&s->freed);
    mci_mutex_unlock(&s->lock);
}

/* ---- life ---- */

void mci_sqlite_free(mci_sqlite *s)
{
    while (s->nidle > 0)
        conn_close(s->idle[--s->nidle]);
    for (size_t i = 0; i < s->ntables; i++)
        free(s->tables[i].name);
    mci_cond_destroy(&s->freed);
    mci_cond_destroy(&s->written);
    mci_mutex_destroy(&s->lock);
    free(s->base.identity);
    free(s->path);
    free(s);
}

/* The file whatever its name, or a name of its own for what is in memory. NULL: memory is short. */
static char *identity_of(const char *path)
{
    char text[64] = "memory:";
    if (strcmp(path, ":memory:") == 0) {
        mci_random rnd;
        if (mci_random_init(&rnd) != 0)
            return NULL;
        mci_random_token(&rnd, text + strlen(text));
        return strdup(text);
    }
    char *full = realpath(path, NULL);
    char *out = sqlite3_mprintf("sqlite:%s", full != NULL ? full : path);
    char *copy = out != NULL ? strdup(out) : NULL;
    sqlite3_free(out);
    free(full);
    return copy;
}

mc_status mci_sqlite_new(const char *path, int max, int64_t timeout_ms, const mci_store_env *env, mci_sqlite **out,
                         mc_error *err)
{
    mci_sqlite_conn *c = NULL;
    *out = NULL;
    mci_sqlite *s = calloc(1, sizeof *s);
    char *copy = strdup(path);
    if (s == NULL || copy == NULL || mci_mutex_init(&s->lock) != 0 || mci_cond_init(&s->freed) != 0 ||
        mci_cond_init(&s->written) != 0) {
        free(copy);
        free(s);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "sqlite: out of memory");
    }
    s->path = copy;
    s->env = *env;
    s->timeout_ms = timeout_ms;
    s->max = max < 1 ? 1 : max > MCI_SQLITE_POOL_MAX ? MCI_SQLITE_POOL_MAX : max;
    mc_status st = mci_sqlite_borrow(s, mci_deadline_in(timeout_ms), NULL, NULL, &c, err);
    if (st != MC_OK) {
        mci_sqlite_free(s);
        return st;
    }
    mci_sqlite_release(s, c);
    s->base.identity = identity_of(path);
    if (s->base.identity == NULL) {
        mci_sqlite_free(s);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "sqlite: out of memory");
    }
    *out = s;
    return MC_OK;
}
