/* SPDX-License-Identifier: Apache-2.0 */
/* A plain connection of the test's own to a Redis: commands, and the library's scripts with keys and arguments as the test says. */
#ifndef SUPPORT_WIRE_H
#define SUPPORT_WIRE_H

#include "servers.h"

#include "redis/script.h"

#include <hiredis/hiredis.h>

typedef struct wire {
    redisContext *rc;
    redisReply *last;
} wire;

void wire_open(wire *w, const srv *s);
void wire_close(wire *w);

/* A command or script as texts up to a NULL. The reply belongs to the connection and lives until the next call. A broken connection
 * fails the test; an error reply does not. */
const redisReply *wire_command(wire *w, const char *name, ...) __attribute__((sentinel));
const redisReply *wire_script(wire *w, const mci_script *script, const char *const *keys, size_t nkeys, ...)
    __attribute__((sentinel));
/* The same with `n` arguments in an array. */
const redisReply *wire_script_args(wire *w, const mci_script *script, const char *const *keys, size_t nkeys,
                                   const char *const *args, size_t n);

/* Item `i` of an array reply, which must be there. */
const redisReply *wire_item(const redisReply *r, size_t i);
/* An integer reply, or a text that is one; anything else fails the test. */
long long wire_int(const redisReply *r);
/* The text of a reply; "" for nil. */
const char *wire_text(const redisReply *r);
/* A number as text, in one of a few buffers that are used in turn. */
const char *wire_number(long long n);

#endif
