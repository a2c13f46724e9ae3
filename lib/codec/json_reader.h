/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a JSON text, one after another, while its normal form is written. Each function stands where its word begins and goes past
 * it: 1; or 0: give up.
 */
#ifndef MCI_CODEC_JSON_READER_H
#define MCI_CODEC_JSON_READER_H

#include "base/buf.h"

typedef struct mci_reader {
    const char *p; /* where we are */
    const char *end;
    const char *from; /* from here on what was read is to be copied */
    mci_buf *out;     /* what was copied, or written instead */
    mci_buf text;     /* a text with escapes, decoded; to be freed */
} mci_reader;

typedef struct mci_number {
    int is_int;
    int64_t i;
    double d; /* when it is no integer; finite */
} mci_number;

/* `json`: valid UTF-8. */
void mci_reader_begin(mci_reader *r, const char *json, size_t len, mci_buf *out);

/* What was read up to `to` stays as it is; the rest up to `resume` does not. */
void mci_reader_cut(mci_reader *r, const char *to, const char *resume);

void mci_reader_blanks(mci_reader *r);
int mci_reader_take(mci_reader *r, char c); /* with the blanks before it */

/* A text, from its quote on. *s is valid until the next one. */
int mci_reader_text(mci_reader *r, const char **s, size_t *n);

/* The name of a member and its colon, with the blanks before each. A name with escapes is given up. */
int mci_reader_name(mci_reader *r, const char **s, size_t *n);

int mci_reader_number(mci_reader *r, mci_number *out);
int mci_reader_word(mci_reader *r, const char *s, size_t n);

#endif
