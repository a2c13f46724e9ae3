/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer with a ceiling and a sticky failure: append at will, check once at the end. */
#ifndef MCI_BASE_BUF_H
#define MCI_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

typedef struct mci_buf {
    char *data; /* NULL or `cap` bytes; always NUL-terminated once something was appended */
    size_t len;
    size_t cap;
    size_t max; /* ceiling for len */
    int failed; /* out of memory or above the ceiling: later appends do nothing */
    int over;   /* it was the ceiling */
} mci_buf;

void mci_buf_init(mci_buf *b, size_t max);
void mci_buf_free(mci_buf *b);
void mci_buf_reset(mci_buf *b); /* keeps the memory */
void mci_buf_wipe(mci_buf *b);  /* overwrites what it holds, for passwords */

int mci_buf_reserve(mci_buf *b, size_t more); /* room for `more` bytes and a NUL; 0 or -1 */
void mci_buf_add(mci_buf *b, const void *p, size_t n);
void mci_buf_str(mci_buf *b, const char *s);
void mci_buf_char(mci_buf *b, char c);
void mci_buf_int(mci_buf *b, int64_t v);
void mci_buf_fmt(mci_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Hand the memory over (free() it); the buffer is empty afterwards. NULL when it failed. */
char *mci_buf_take(mci_buf *b, size_t *len);

#endif
