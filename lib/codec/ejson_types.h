/* SPDX-License-Identifier: Apache-2.0 */
/* The types of Extended JSON: {"$date":...} and the like, one row of a table each. */
#ifndef MCI_CODEC_EJSON_TYPES_H
#define MCI_CODEC_EJSON_TYPES_H

#include "base/buf.h"
#include <jansson.h>

/* STRICT: what callers hand in. LENIENT: what stores hold, where any key and a NUL inside a text may occur. */
typedef enum mci_strictness { MCI_LENIENT = 0, MCI_STRICT = 1 } mci_strictness;

/* A number, bare or wrapped: 1 integer, 2 real (also NaN), 0 none. */
int mci_ejson_number(const json_t *v, int64_t *i, double *d);

/* A date as milliseconds: 1 or 0. */
int mci_ejson_date(const json_t *v, int64_t *ms);

/* {"$oid":"..."} in lower case: 1 or 0. */
int mci_ejson_oid(const json_t *v, char out[25]);

/* Append the one spelling of an object of one member that is an Extended JSON value: 1. 0 when it is none; the buffer is then to be
 * cut back to what it was. A $code with a $scope has two members, and is json_tree.c's. */
int mci_ejson_put(const json_t *o, mci_strictness how, mci_buf *out);

/* How a value whose member is `key` is written ("a UUID: ..."); NULL for numbers and unknown keys. */
const char *mci_ejson_form(const char *key);

/* Append a JSON string, and a double (NaN and infinities wrapped). */
void mci_ejson_put_string(mci_buf *out, const json_t *s);
void mci_ejson_put_double(mci_buf *out, double d);

#endif
