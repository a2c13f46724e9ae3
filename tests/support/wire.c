/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: a connection without any of the library's own code in it. Refuses: surviving a broken connection. */
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void wire_open(wire *w, const srv *s)
{
    w->last = NULL;
    w->rc = redisConnect("127.0.0.1", s->port);
    if (w->rc == NULL || w->rc->err != 0)
        fail_msg("no connection to %s", s->uri);
}

void wire_close(wire *w)
{
    freeReplyObject(w->last);
    redisFree(w->rc);
    w->last = NULL;
    w->rc = NULL;
}

static const redisReply *run(wire *w, int argc, const char **argv)
{
    freeReplyObject(w->last);
    w->last = redisCommandArgv(w->rc, argc, argv, NULL);
    if (w->last == NULL)
        fail_msg("%s: %s", argv[0], w->rc->errstr);
    return w->last;
}

const redisReply *wire_command(wire *w, const char *name, ...)
{
    const char *argv[64] = {name};
    int argc = 1;
    va_list ap;
    va_start(ap, name);
    for (const char *p = va_arg(ap, const char *); p != NULL; p = va_arg(ap, const char *)) {
        assert_true(argc < 64);
        argv[argc++] = p;
    }
    va_end(ap);
    return run(w, argc, argv);
}

const redisReply *wire_script_args(wire *w, const mci_script *script, const char *const *keys, size_t nkeys,
                                   const char *const *args, size_t n)
{
    const char **argv = calloc(3 + nkeys + n, sizeof *argv);
    if (argv == NULL)
        fail_msg("no memory");
    argv[0] = "EVALSHA";
    argv[1] = script->sha1;
    argv[2] = wire_number((long long)nkeys);
    memcpy(argv + 3, keys, nkeys * sizeof *argv);
    memcpy(argv + 3 + nkeys, args, n * sizeof *argv);
    const redisReply *r = run(w, (int)(3 + nkeys + n), argv);
    if (r->type == REDIS_REPLY_ERROR && strncmp(r->str, "NOSCRIPT", 8) == 0) {
        argv[0] = "EVAL";
        argv[1] = script->text;
        r = run(w, (int)(3 + nkeys + n), argv);
    }
    free(argv);
    return r;
}

const redisReply *wire_script(wire *w, const mci_script *script, const char *const *keys, size_t nkeys, ...)
{
    const char *args[64];
    size_t n = 0;
    va_list ap;
    va_start(ap, nkeys);
    for (const char *p = va_arg(ap, const char *); p != NULL; p = va_arg(ap, const char *)) {
        assert_true(n < 64);
        args[n++] = p;
    }
    va_end(ap);
    return wire_script_args(w, script, keys, nkeys, args, n);
}

const redisReply *wire_item(const redisReply *r, size_t i)
{
    if (r->type != REDIS_REPLY_ARRAY || r->elements <= i)
        fail_msg("no item %zu in %s", i, r->type == REDIS_REPLY_ERROR ? r->str : "the reply");
    return r->element[i];
}

long long wire_int(const redisReply *r)
{
    char *end = NULL;
    if (r->type == REDIS_REPLY_INTEGER)
        return r->integer;
    if (r->type != REDIS_REPLY_STRING)
        fail_msg("no number: %s", r->type == REDIS_REPLY_ERROR ? r->str : "another type");
    long long n = strtoll(r->str, &end, 10);
    if (*r->str == '\0' || *end != '\0')
        fail_msg("no number: %s", r->str);
    return n;
}

const char *wire_text(const redisReply *r)
{
    return r->str != NULL ? r->str : "";
}

const char *wire_number(long long n)
{
    static char buffers[16][24];
    static unsigned next;
    char *out = buffers[next++ % 16];
    snprintf(out, sizeof buffers[0], "%lld", n);
    return out;
}
