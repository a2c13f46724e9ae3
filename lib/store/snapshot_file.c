/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: writing a snapshot file, and replacing the old one atomically. Refuses: leaving half a file or a forgotten one behind.
 */
#include "store/snapshot_file.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/portable.h"
#include "base/random.h"
#include "base/sync.h"
#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORGOTTEN_S 3600 /* a temporary file of this age belongs to a writer that died */

int mci_entry_order(const void *a, const void *b)
{
    return strcmp(((const mc_entry *)a)->key, ((const mc_entry *)b)->key);
}

void mci_snapshot_table_free(mci_snapshot_table *t)
{
    free(t->entry);
    free(t->text);
    *t = (mci_snapshot_table){0};
}

void mci_snapshot_sum(const mc_entry *e, size_t n, int64_t written_ms, char out[MCI_SNAPSHOT_SUM_SIZE])
{
    char time[MCI_NUM_MAX];
    int len = snprintf(time, sizeof time, "%lld", (long long)written_ms);
    uint64_t sum = mci_checksum(0, time, (size_t)len);
    for (size_t i = 0; i < n; i++) {
        sum = mci_checksum(sum, e[i].key, strlen(e[i].key) + 1);
        sum = mci_checksum(sum, e[i].value, e[i].size);
    }
    (void)snprintf(out, MCI_SNAPSHOT_SUM_SIZE, "%016llx", (unsigned long long)sum);
}

/* ---- writing the text --------------------------------------------------------------------------------------------- */

static void put_value(mci_buf *b, const mc_entry *e)
{
    const char *p = e->size > 0 ? e->value : "";
    if (memchr(p, '\0', e->size) == NULL && mci_utf8_valid(p, e->size)) {
        mci_buf_str(b, "{\"text\":");
        mci_buf_json_string(b, p, e->size);
    } else {
        mci_buf_str(b, "{\"base64\":\"");
        mci_buf_base64(b, p, e->size);
        mci_buf_char(b, '"');
    }
    mci_buf_char(b, '}');
}

mc_status mci_snapshot_encode(const mc_entry *sorted, size_t n, int64_t written_ms, mci_buf *out, mc_error *err)
{
    char sum[MCI_SNAPSHOT_SUM_SIZE];
    mci_snapshot_sum(sorted, n, written_ms, sum);
    mci_buf_fmt(out,
                "{\"format\":\"" MCI_SNAPSHOT_FORMAT
                "\",\"version\":1,\"written_ms\":%lld,\"count\":%zu,\"sum\":\"%s\",\"entries\":{",
                (long long)written_ms, n, sum);
    for (size_t i = 0; i < n && !out->failed; i++) {
        mci_buf_str(out, i == 0 ? "\n" : ",\n");
        mci_buf_json_string(out, sorted[i].key, strlen(sorted[i].key));
        mci_buf_char(out, ':');
        put_value(out, &sorted[i]);
    }
    mci_buf_str(out, "\n}}\n");
    if (!out->failed)
        return MC_OK;
    return mci_fail(err, MC_E_TOOBIG, MC_TIER_SNAPSHOT, "the snapshot would have more than %zu bytes (snapshot.max_bytes)",
                    out->max);
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

mc_status mci_snapshot_errno(mc_error *err, const char *doing, const char *path)
{
    int e = errno;
    char why[128] = "";
    if (strerror_r(e, why, sizeof why) != 0)
        (void)snprintf(why, sizeof why, "error %d", e);
    return mci_fail_code(err, MC_E_FILE, MC_TIER_SNAPSHOT, e, "cannot %s %.250s: %s", doing, path, why);
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

/* Temporary files of writers that died: named like ours, and old. */
static void remove_forgotten(const char *dir, const char *name)
{
    size_t len = strlen(name);
    DIR *d = opendir(dir);
    if (d == NULL)
        return;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        struct stat s;
        if (strncmp(e->d_name, name, len) == 0 && strncmp(e->d_name + len, ".tmp-", 5) == 0 &&
            fstatat(dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode) &&
            s.st_mtime < (time_t)(mci_wall_ms() / 1000 - FORGOTTEN_S))
            (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    (void)closedir(d);
}

/* The rename itself survives a power cut only when the folder is written too. */
static int sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    int e = errno;
    (void)close(fd);
    errno = e;
    return rc == 0 || e == EINVAL || e == EROFS ? 0 : -1; /* file systems without it say EINVAL */
}

mc_status mci_snapshot_replace_file(const char *path, const char *p, size_t n, int64_t *changed_ns, mc_error *err)
{
    char temp[PATH_MAX];
    char dir[PATH_MAX];
    mci_random rnd;
    char token[33];
    const char *slash = strrchr(path, '/');
    if (mci_random_init(&rnd) != 0)
        return mci_fail(err, MC_E_FILE, MC_TIER_SNAPSHOT, "no random name to be had for a temporary file");
    mci_random_token(&rnd, token);
    if (snprintf(temp, sizeof temp, "%s.tmp-%s", path, token) >= (int)sizeof temp)
        return mci_fail(err, MC_E_FILE, MC_TIER_SNAPSHOT, "snapshot.path is too long");
    (void)snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1, slash == NULL ? "." : path);
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); /* less what the process' umask takes */
    if (fd < 0)
        return mci_snapshot_errno(err, "create", temp);
    mc_status st = MC_OK;
    struct stat s = {0};
    if (write_all(fd, p, n) != 0 || fsync(fd) != 0 || fstat(fd, &s) != 0)
        st = mci_snapshot_errno(err, "write", temp);
    if (close(fd) != 0 && st == MC_OK)
        st = mci_snapshot_errno(err, "close", temp);
    if (st == MC_OK && rename(temp, path) != 0)
        st = mci_snapshot_errno(err, "rename a temporary file to", path);
    if (st != MC_OK) {
        (void)unlink(temp);
        return st;
    }
    if (changed_ns != NULL)
        *changed_ns = mci_changed_ns(&s);
    if (sync_folder(dir) != 0)
        st = mci_snapshot_errno(err, "make durable the folder of", path);
    remove_forgotten(dir, slash == NULL ? path : slash + 1);
    return st;
}
