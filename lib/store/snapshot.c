/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the snapshot in memory: read when it is asked for and the file has changed, looked up by key. Refuses: watching the file, and
 * taking a bad file for a good one; the last good one goes on answering as long as a file is there at all.
 */
#include "store/snapshot.h"

#include "base/portable.h"
#include "base/sync.h"
#include "store/snapshot_plain.h"
#include "store/snapshot_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN_NS INT64_C(1000000000) /* a file that could not be read is tried again after so long, if it is the same */

/* What distinguishes one file from the next: a rename changes the inode; an edit, a new owner or new rights change the time. */
typedef struct identity {
    int there;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
} identity;

struct mci_snapshot {
    const char *path;
    int64_t max_bytes;
    int plain;
    mci_snapshot_reader *reader; /* these two belong to whoever has set `busy`: reading under way, NULL: none */
    identity reading;
    mci_mutex lock; /* of all below, and of taking `busy` */
    mci_cond idle;
    int busy;         /* a thread is reading: one at a time */
    int64_t tried_ns; /* when reading last came to an end; 0: never yet */
    identity seen;    /* the file that was read then, good or bad */
    mci_snapshot_table table;
    mc_status state; /* of that file */
    mc_error why;
};

mci_snapshot *mci_snapshot_new(const char *path, int64_t max_bytes)
{
    mci_snapshot *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    if (mci_mutex_init(&s->lock) != 0) {
        free(s);
        return NULL;
    }
    if (mci_cond_init(&s->idle) != 0) {
        mci_mutex_destroy(&s->lock);
        free(s);
        return NULL;
    }
    s->path = path;
    s->max_bytes = max_bytes;
    s->state = MC_NOT_FOUND;
    return s;
}

void mci_snapshot_set_plain(mci_snapshot *s)
{
    s->plain = 1;
}

void mci_snapshot_free(mci_snapshot *s)
{
    if (s == NULL)
        return;
    mci_snapshot_reader_free(s->reader);
    mci_snapshot_table_free(&s->table);
    mci_cond_destroy(&s->idle);
    mci_mutex_destroy(&s->lock);
    free(s);
}

static int same_file(const identity *a, const identity *b)
{
    return a->there == b->there && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static identity identify(const struct stat *st)
{
    return (identity){1, st->st_dev, st->st_ino, st->st_size, st->st_ctim};
}

static identity look(const mci_snapshot *s)
{
    struct stat st;
    return stat(s->path, &st) == 0 ? identify(&st) : (identity){0};
}

/* A file that is not the one the check beside it speaks of is another program's: nothing but its time is known. */
static void expect_plain(const mci_snapshot *s, const struct stat *st, mci_snapshot_reader *r)
{
    mci_snapshot_check check;
    int64_t changed_ns = mci_changed_ns(st);
    if (mci_snapshot_check_read(s->path, st->st_size, changed_ns, &check))
        mci_snapshot_reader_plain(r, check.written_ms, &check.sum);
    else
        mci_snapshot_reader_plain(r, changed_ns / 1000000, NULL);
}

/* Open and begin. `id` becomes that of the file that was opened: another may have taken its name since. */
static mc_status open_file(const mci_snapshot *s, identity *id, mci_snapshot_reader **out, mc_error *err)
{
    struct stat st;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a named pipe must not hold us */
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? MC_NOT_FOUND : mci_snapshot_errno(err, "read the snapshot", s->path);
    mc_status rc = MC_OK;
    if (fstat(fd, &st) != 0) {
        rc = mci_snapshot_errno(err, "read the snapshot", s->path);
        (void)close(fd);
        return rc;
    }
    *id = identify(&st);
    if (!S_ISREG(st.st_mode))
        rc = mci_fail(err, MC_E_FILE, MC_TIER_SNAPSHOT, "the snapshot %.250s is not a regular file", s->path);
    else if (st.st_size > s->max_bytes)
        rc = mci_fail(err, MC_E_TOOBIG, MC_TIER_SNAPSHOT, "the snapshot has %lld bytes; snapshot.max_bytes is %lld",
                      (long long)st.st_size, (long long)s->max_bytes);
    if (rc != MC_OK) {
        (void)close(fd);
        return rc;
    }
    *out = mci_snapshot_reader_new(fd, (size_t)st.st_size);
    if (*out != NULL && s->plain)
        expect_plain(s, &st, *out);
    return *out != NULL
               ? MC_OK
               : mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a snapshot of %lld bytes", (long long)st.st_size);
}

/* Without the lock, by the one who has set s->busy: begin with the file as it is now, or go on. */
static mc_status read_on(mci_snapshot *s, const identity *now, mci_deadline dl, mci_snapshot_table *t, mc_error *err)
{
    mc_status st = MC_OK;
    if (s->reader != NULL && !same_file(now, &s->reading)) {
        mci_snapshot_reader_free(s->reader);
        s->reader = NULL;
    }
    if (s->reader == NULL) {
        s->reading = *now;
        st = open_file(s, &s->reading, &s->reader, err);
    }
    if (st == MC_OK)
        st = mci_snapshot_reader_go(s->reader, dl, t, err);
    if (st != MC_E_TIMEOUT) {
        mci_snapshot_reader_free(s->reader);
        s->reader = NULL;
    }
    return st;
}

/* With the lock held, which is given away meanwhile. The file's state, or MC_E_TIMEOUT: it is not known yet. */
static mc_status reload(mci_snapshot *s, const identity *now, mci_deadline dl, mc_error *err)
{
    mci_snapshot_table t = {0};
    mci_snapshot_table old = {0};
    mc_error why = {0};
    s->busy = 1;
    mci_mutex_unlock(&s->lock);
    mc_status st = read_on(s, now, dl, &t, &why);
    mci_mutex_lock(&s->lock);
    s->busy = 0;
    mci_cond_broadcast(&s->idle);
    if (st == MC_E_TIMEOUT) {
        if (err != NULL)
            *err = why;
        return st;
    }
    s->seen = s->reading;
    s->why = why;
    s->state = st;
    s->tried_ns = mci_now_ns();
    if (st == MC_OK || st == MC_NOT_FOUND) {
        old = s->table;
        s->table = t;
    }
    mci_snapshot_table_free(&old);
    return st;
}

/* Is the file another one now, or could it not be read, and that some time ago? */
static int is_due(const mci_snapshot *s, const identity *now, int *same)
{
    *same = same_file(now, &s->seen) && s->tried_ns != 0;
    if (!*same || s->reader != NULL)
        return 1;
    return (s->state == MC_E_FILE || s->state == MC_E_NOMEM) && mci_now_ns() - s->tried_ns > AGAIN_NS;
}

/* With the lock held: what is known of the file is brought up to date, if that can be had before the deadline. MC_OK, or MC_E_TIMEOUT
 * when nothing at all is known yet. *refused: the file is refused, and that is news. */
static mc_status refresh(mci_snapshot *s, mci_deadline dl, int *refused, mc_error *err)
{
    *refused = 0;
    while (s->busy && s->table.entry == NULL && s->tried_ns == 0)
        if (mci_cond_wait(&s->idle, &s->lock, dl) != 0 && s->busy)
            return mci_fail(err, MC_E_TIMEOUT, MC_TIER_SNAPSHOT, "the snapshot is being read by another call");
    if (s->busy)
        return MC_OK; /* what was read before will do */
    identity now = look(s);
    int same;
    mc_status before = s->state;
    if (!is_due(s, &now, &same))
        return MC_OK;
    mc_status st = reload(s, &now, dl, err);
    if (st == MC_E_TIMEOUT)
        return s->tried_ns != 0 ? MC_OK : st;
    *refused = st < 0 && !(same && st == before);
    return MC_OK;
}

static mc_status take(const mci_snapshot *s, const char *key, char **out, size_t *size, int64_t *written_ms, mc_error *err)
{
    mc_entry want = {.key = key};
    const mc_entry *e = s->table.n == 0 ? NULL : bsearch(&want, s->table.entry, s->table.n, sizeof want, mci_entry_order);
    if (e == NULL) {
        if (s->state != MC_OK && s->state != MC_NOT_FOUND && err != NULL)
            *err = s->why;
        return s->state == MC_OK ? MC_NOT_FOUND : s->state;
    }
    *out = malloc(e->size + 1);
    if (*out == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a value of %zu bytes", e->size);
    memcpy(*out, e->value, e->size + 1);
    *size = e->size;
    *written_ms = s->table.written_ms;
    return MC_OK;
}

mc_status mci_snapshot_find(mci_snapshot *s, const char *key, mci_deadline dl, char **out, size_t *size, int64_t *written_ms,
                            int *refused, mc_error *err)
{
    *refused = 0;
    if (s->path[0] == '\0')
        return MC_NOT_FOUND; /* no such tier */
    mci_mutex_lock(&s->lock);
    mc_status st = refresh(s, dl, refused, err);
    if (st == MC_OK)
        st = take(s, key, out, size, written_ms, err);
    if (*refused && err != NULL)
        *err = s->why;
    mci_mutex_unlock(&s->lock);
    return st;
}

mc_status mci_snapshot_load(mci_snapshot *s, mci_deadline dl, size_t *entries, int64_t *written_ms, mc_error *err)
{
    mc_status st = MC_OK;
    *entries = 0;
    *written_ms = 0;
    if (s->path[0] == '\0')
        return mci_fail(err, MC_E_OPTION, MC_TIER_SNAPSHOT, "snapshot.path is not set");
    mci_mutex_lock(&s->lock);
    while (s->busy && st == MC_OK)
        if (mci_cond_wait(&s->idle, &s->lock, dl) != 0 && s->busy)
            st = mci_fail(err, MC_E_TIMEOUT, MC_TIER_SNAPSHOT, "the snapshot is being read by another call");
    if (st == MC_OK) {
        identity now = look(s);
        st = reload(s, &now, dl, err);
        if (st < 0 && st != MC_E_TIMEOUT && err != NULL)
            *err = s->why;
        *entries = st == MC_OK ? s->table.n : 0;
        *written_ms = st == MC_OK ? s->table.written_ms : 0;
    }
    mci_mutex_unlock(&s->lock);
    return st;
}

mc_status mci_snapshot_save(mci_snapshot *s, const mc_entry *entries, size_t n, int64_t written_ms, mc_error *err)
{
    mc_entry *sorted = calloc(n + 1, sizeof *sorted);
    if (sorted == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for %zu entries", n);
    if (n > 0)
        memcpy(sorted, entries, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, mci_entry_order);
    mc_status st = MC_OK;
    for (size_t i = 1; i < n && st == MC_OK; i++)
        if (strcmp(sorted[i - 1].key, sorted[i].key) == 0)
            st = mci_fail(err, MC_E_ARG, MC_TIER_NONE, "entries: the key %.200s is there twice", sorted[i].key);
    mci_buf text;
    mci_buf_init(&text, (size_t)s->max_bytes);
    if (st == MC_OK)
        st = s->plain ? mci_snapshot_plain_encode(sorted, n, &text, err)
                      : mci_snapshot_encode(sorted, n, written_ms, &text, err);
    mci_snapshot_check check = {.size = (int64_t)text.len, .written_ms = written_ms};
    if (st == MC_OK)
        st = mci_snapshot_replace_file(s->path, text.data, text.len, &check.changed_ns, err);
    if (st == MC_OK && s->plain) { /* until it is there the file is read without a check */
        check.sum = mci_snapshot_text_sum(text.data, text.len);
        st = mci_snapshot_check_write(s->path, &check, err);
    }
    mci_buf_free(&text);
    free(sorted);
    return st;
}
