/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of an NDJSON file, plain or packed with gzip, one at a time. */
#ifndef MFLIX_ROWS_H
#define MFLIX_ROWS_H

#include <stddef.h>
#include <stdint.h>

#define ROW_MAX ((size_t)16 << 20) /* a longer row is passed over */

typedef struct rows rows;

enum { ROW_END = 0, ROW_READ = 1, ROW_TOO_LONG = 2, ROW_ERROR = -1 };

/* Open a file, or standard input for "-". NULL with errno set when that fails. */
rows *rows_open(const char *path);
void rows_close(rows *r);

/*
 * The next row that is not blank: its bytes (lent until the next call, without line end) and its line number. ROW_TOO_LONG
 * gives the number only; ROW_ERROR: rows_error() says why.
 */
int rows_next(rows *r, const char **row, size_t *size, int64_t *line);
const char *rows_error(const rows *r);

/* How much of the file was read, in bytes of the file; total is 0 when not known (a pipe). */
void rows_position(rows *r, int64_t *done, int64_t *total);

/* The value of a member of the object in the row itself, and not of something inside it; NULL. Rows that are not JSON are refused by the library. */
const char *row_member(const char *row, size_t size, const char *name);

#endif
