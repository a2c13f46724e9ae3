/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the snapshot in memory: read when somebody asks and the file has changed, looked up by key. Refuses: watching the file, and
 * taking a bad file for a good one; the last good one goes on answering as long as a file is there at all.
 */
#include "store/snapshot.h"

#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What tells one file from the next: a rename changes the inode; an edit, a new owner or new rights change the time. */
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
    mci_mutex lock; /* of all below; held while the file is read, so that many threads read it once */
    identity seen;  /* the file that was looked at last, good or bad */
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
    s->path = path;
    s->max_bytes = max_bytes;
    s->state = MC_NOT_FOUND;
    return s;
}

void mci_snapshot_free(mci_snapshot *s)
{
    if (s == NULL)
        return;
    mci_snapshot_table_free(&s->table);
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

/* The file's bytes, malloc'ed. */
static mc_status read_all(const mci_snapshot *s, int fd, size_t size, char **out, size_t *len, mc_error *err)
{
    char *p = malloc(size + 1);
    size_t n = 0;
    if (p == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a snapshot of %zu bytes", size);
    while (n < size) {
        ssize_t r = read(fd, p + n, size - n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0) {
            mc_status st = mci_snapshot_errno(err, "read the snapshot", s->path);
            free(p);
            return st;
        }
        if (r == 0)
            break;
        n += (size_t)r;
    }
    *out = p;
    *len = n;
    return MC_OK;
}

/* Open, read and check. `id` becomes that of the file that was opened: another may have taken its name since. */
static mc_status read_file(const mci_snapshot *s, identity *id, mci_snapshot_table *t, mc_error *err)
{
    struct stat st;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a named pipe must not hold us */
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? MC_NOT_FOUND : mci_snapshot_errno(err, "read the snapshot", s->path);
    mc_status rc = MC_OK;
    char *text = NULL;
    size_t len = 0;
    if (fstat(fd, &st) != 0) {
        (void)close(fd);
        return mci_snapshot_errno(err, "read the snapshot", s->path);
    }
    *id = identify(&st);
    if (!S_ISREG(st.st_mode)) {
        rc = mci_fail(err, MC_E_FILE, MC_TIER_SNAPSHOT, "the snapshot %.250s is no regular file", s->path);
    } else if (st.st_size > s->max_bytes) {
        rc = mci_fail(err, MC_E_TOOBIG, MC_TIER_SNAPSHOT, "the snapshot has %lld bytes; snapshot.max_bytes is %lld",
                      (long long)st.st_size, (long long)s->max_bytes);
    } else {
        rc = read_all(s, fd, (size_t)st.st_size, &text, &len, err);
    }
    (void)close(fd);
    if (rc == MC_OK)
        rc = mci_snapshot_decode(text, len, t, err);
    free(text);
    return rc;
}

/* With the lock held: take the file as it is now. */
static void reload(mci_snapshot *s, const identity *now)
{
    mci_snapshot_table t = {0};
    s->seen = *now;
    s->why = (mc_error){0};
    s->state = read_file(s, &s->seen, &t, &s->why);
    if (s->state == MC_OK || s->state == MC_NOT_FOUND) {
        mci_snapshot_table_free(&s->table);
        s->table = t;
    }
}

static identity look(const mci_snapshot *s)
{
    struct stat st;
    return stat(s->path, &st) == 0 ? identify(&st) : (identity){0};
}

/* With the lock held: read the file when it is another one now, or could not be opened or read last time. 1: it is refused, and
 * that is news. */
static int refresh(mci_snapshot *s)
{
    identity now = look(s);
    int same = same_file(&now, &s->seen);
    mc_status before = s->state;
    if (same && before != MC_E_FILE && before != MC_E_NOMEM)
        return 0;
    reload(s, &now);
    return s->state < 0 && !(same && s->state == before);
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

mc_status mci_snapshot_find(mci_snapshot *s, const char *key, char **out, size_t *size, int64_t *written_ms, int *refused,
                            mc_error *err)
{
    *refused = 0;
    if (s->path[0] == '\0')
        return MC_NOT_FOUND; /* no such tier */
    mci_mutex_lock(&s->lock);
    *refused = refresh(s);
    mc_status st = take(s, key, out, size, written_ms, err);
    if (*refused && err != NULL)
        *err = s->why;
    mci_mutex_unlock(&s->lock);
    return st;
}

mc_status mci_snapshot_load(mci_snapshot *s, size_t *entries, int64_t *written_ms, mc_error *err)
{
    if (s->path[0] == '\0')
        return mci_fail(err, MC_E_OPTION, MC_TIER_SNAPSHOT, "snapshot.path is not set");
    mci_mutex_lock(&s->lock);
    identity now = look(s);
    reload(s, &now);
    mc_status st = s->state;
    if (st < 0 && err != NULL)
        *err = s->why;
    *entries = st == MC_OK ? s->table.n : 0;
    *written_ms = st == MC_OK ? s->table.written_ms : 0;
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
        st = mci_snapshot_encode(sorted, n, written_ms, &text, err);
    if (st == MC_OK)
        st = mci_snapshot_replace_file(s->path, text.data, text.len, err);
    mci_buf_free(&text);
    free(sorted);
    return st;
}
