/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of stores share: the store under test, short forms of its operations, and a store made of callbacks. */
#ifndef SUPPORT_STORE_KIT_H
#define SUPPORT_STORE_KIT_H

#include "base/error.h"
#include "data.h"
#include "servers.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KIT_OP_MS 8000

extern const mci_store_env kit_env;
extern mci_store *kit_store;    /* the store under test */
extern char kit_collection[64]; /* the collection of the test under way */

/* A collection of its own for each test: nothing needs cleaning up in between. */
const char *kit_fresh(void);
mci_deadline kit_soon(void);

/* Short forms, on kit_store. The test fails when they do. */
mci_doc *kit_decode(const mci_spec *spec, const char *json);
void kit_put(const mci_spec *spec, const char *id, const char *json);
mci_doc *kit_get(const mci_spec *spec, const char *id);
void kit_assert_json(const mci_doc *d, const char *expected);

/* Plan and apply a patch: whatever status comes. */
mc_status kit_patch(const mci_spec *spec, const char *id, const char *json, mci_doc **out, mc_error *err);

mc_status kit_open(const char *uri, int64_t timeout_ms, mci_store **out, mc_error *err);

/* Callbacks over a table in memory. kit_callbacks_closed() tells that the close callback was called. */
mc_store kit_callbacks(void);
int kit_callbacks_closed(void);

/* Store a file of the sample data in the collection; every document comes back bit for bit, and so does the board. */
void kit_same_data(const char *file, const mci_spec *spec);

/* What FerretDB cannot do is said aloud: 1 when it is the server. */
int kit_ferretdb_lacks(const char *what);

#define ok(call)                                                                                                            \
    do {                                                                                                                    \
        mc_error err_ = {0};                                                                                                \
        mc_error *err = &err_;                                                                                              \
        mc_status st_ = (call);                                                                                             \
        if (st_ != MC_OK)                                                                                                   \
            fail_msg("%s: %s: %s", #call, mc_status_name(st_), err_.text);                                                  \
    } while (0)

/* The expected code, with an error record that is filled as the rules want. */
#define gives(wanted, call)                                                                                                 \
    do {                                                                                                                    \
        mc_error err_ = {0};                                                                                                \
        mc_error *err = &err_;                                                                                              \
        mc_status st_ = (call);                                                                                             \
        if (st_ != (wanted))                                                                                                \
            fail_msg("%s: %s, not %s: %s", #call, mc_status_name(st_), mc_status_name(wanted), err_.text);                  \
        if (st_ < 0) {                                                                                                      \
            assert_int_equal(err_.code, st_);                                                                               \
            assert_true(err_.text[0] != '\0');                                                                              \
        }                                                                                                                   \
    } while (0)

#define A "573a1390f29313caabcd42e8"
#define B "573a1390f29313caabcd42e9"
#define C "573a1391f29313caabcd0000"
#define OID(x) "{\"_id\":{\"$oid\":\"" x "\"}"

#endif
