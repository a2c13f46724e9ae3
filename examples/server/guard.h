/* SPDX-License-Identifier: Apache-2.0 */
/* What is checked before a request is routed and before its body is read. */
#ifndef MFLIX_SERVER_GUARD_H
#define MFLIX_SERVER_GUARD_H

#include "request.h"

typedef struct expectation {
    int has_body;   /* one was announced */
    int broken;     /* where it ends is not sure: nothing after it on this connection can be trusted */
    int continues;  /* the client waits for 100 Continue before it sends it */
    int64_t length; /* as announced; -1 when chunked */
} expectation;

/* Framing, Host, where the request comes from. 0: refused. Fills `e` in any case. */
int check_headers(request *r, const char *version, expectation *e);
/* Whether the route takes this body. 0: refused. */
int check_body(request *r, const expectation *e);

#endif
