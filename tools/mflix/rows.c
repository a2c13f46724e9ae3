/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns reading NDJSON through zlib, which reads plain files as well. Refuses rows above ROW_MAX: they are passed over
 * without being held in memory, so that a file without line ends does no harm.
 */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK ((size_t)256 << 10)

struct rows {
    gzFile file;
    int64_t total;
    int64_t line;
    char *chunk; /* CHUNK bytes: read and not yet handed out are those from at to end */
    size_t at, end;
    char *row; /* the row under way */
    size_t n, capacity;
    char error[160];
    int broken; /* reading ends with that error */
};

rows *rows_open(const char *path)
{
    struct stat st;
    rows *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->chunk = malloc(CHUNK);
    errno = 0;
    if (strcmp(path, "-") == 0) {
        int fd = dup(STDIN_FILENO);
        r->file = fd >= 0 ? gzdopen(fd, "rb") : NULL;
    } else {
        r->file = gzopen(path, "rb");
        if (r->file && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            r->total = (int64_t)st.st_size;
        if (r->file && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            errno = EISDIR;
    }
    if (!r->chunk || !r->file || errno == EISDIR) {
        int number = errno ? errno : ENOMEM; /* zlib leaves errno at 0 when memory is short */
        rows_close(r);
        errno = number;
        return NULL;
    }
    gzbuffer(r->file, 128 << 10);
    return r;
}

void rows_close(rows *r)
{
    if (!r)
        return;
    if (r->file)
        gzclose_r(r->file);
    free(r->chunk);
    free(r->row);
    free(r);
}

const char *rows_error(const rows *r)
{
    return r->error;
}

/* Past the text that begins at `i`, a quotation mark. */
static size_t text_end(const char *row, size_t size, size_t i)
{
    for (i++; i < size && row[i] != '"'; i++)
        if (row[i] == '\\')
            i++;
    return i + 1;
}

static size_t past_blanks(const char *row, size_t size, size_t i)
{
    while (i < size && (row[i] == ' ' || row[i] == '\t' || row[i] == '\r' || row[i] == '\n'))
        i++;
    return i;
}

const char *row_member(const char *row, size_t size, const char *name)
{
    size_t n = strlen(name);
    int depth = 0;
    for (size_t i = 0; i < size;) {
        if (row[i] == '"') {
            size_t end = text_end(row, size, i);
            size_t colon = past_blanks(row, size, end);
            if (depth == 1 && end == i + n + 2 && colon < size && row[colon] == ':' && memcmp(row + i + 1, name, n) == 0) {
                size_t at = past_blanks(row, size, colon + 1);
                return at < size ? row + at : NULL;
            }
            i = end;
            continue;
        }
        depth += row[i] == '{' || row[i] == '[';
        depth -= row[i] == '}' || row[i] == ']';
        i++;
    }
    return NULL;
}

void rows_position(rows *r, int64_t *done, int64_t *total)
{
    int64_t at = (int64_t)gzoffset(r->file);
    *done = at > 0 ? at : 0;
    *total = r->total;
}

/* -1 when zlib found something wrong, with the text in r->error. Asked after every read: since zlib 1.3.2 the next one forgets. */
static int note_error(rows *r)
{
    int number;
    const char *why = gzerror(r->file, &number);
    if (number == Z_OK || number == Z_STREAM_END)
        return 0;
    if (number == Z_ERRNO)
        why = strerror(errno);
    else if (number == Z_BUF_ERROR)
        why = "the packed file ends in the middle";
    snprintf(r->error, sizeof r->error, "%s", why);
    return -1;
}

/* Read more. 1: there is more, 0: the end, -1: an error, kept in r->error. What came before the error is given out first. */
static int refill(rows *r)
{
    if (r->broken)
        return -1;
    int got = gzread(r->file, r->chunk, (unsigned)CHUNK);
    r->broken = note_error(r) < 0;
    if (got <= 0)
        return got < 0 || r->broken ? -1 : 0;
    r->at = 0;
    r->end = (size_t)got;
    return 1;
}

/* Put a piece to the row under way, unless it has grown too long already. 0, or -1 when memory is short. */
static int append(rows *r, const char *piece, size_t size, int *too_long)
{
    if (*too_long || r->n + size > ROW_MAX) {
        *too_long = 1;
        return 0;
    }
    if (r->n + size > r->capacity) {
        size_t capacity = r->capacity ? r->capacity : 8192;
        while (capacity < r->n + size)
            capacity *= 2;
        char *grown = realloc(r->row, capacity);
        if (!grown) {
            snprintf(r->error, sizeof r->error, "out of memory");
            return -1;
        }
        r->row = grown;
        r->capacity = capacity;
    }
    if (size > 0) /* there may be no row yet */
        memcpy(r->row + r->n, piece, size);
    r->n += size;
    return 0;
}

/* One line, blank or not. */
static int read_line(rows *r)
{
    int too_long = 0;
    r->n = 0;
    for (int begun = 0;; begun = 1) {
        if (r->at == r->end) {
            int more = refill(r);
            if (more < 0)
                return ROW_ERROR;
            if (more == 0 && !begun)
                return ROW_END;
            if (more == 0)
                break;
        }
        const char *from = r->chunk + r->at;
        const char *newline = memchr(from, '\n', r->end - r->at);
        size_t size = newline ? (size_t)(newline - from) : r->end - r->at;
        if (append(r, from, size, &too_long))
            return ROW_ERROR;
        r->at += size + (newline != NULL);
        if (newline)
            break;
    }
    r->line++;
    return too_long ? ROW_TOO_LONG : ROW_READ;
}

int rows_next(rows *r, const char **row, size_t *size, int64_t *line)
{
    for (;;) {
        int rc = read_line(r);
        *line = r->line;
        if (rc != ROW_READ)
            return rc;
        const char *from = r->row;
        size_t n = r->n;
        if (r->line == 1 && n >= 3 && memcmp(from, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
            from += 3;
            n -= 3;
        }
        while (n > 0 && (from[n - 1] == '\r' || from[n - 1] == ' ' || from[n - 1] == '\t'))
            n--;
        if (n == 0)
            continue;
        *row = from;
        *size = n;
        return ROW_READ;
    }
}
