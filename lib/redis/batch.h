/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands in, replies out: a batch is written in one go and its replies come back in order. Arguments are pointer + length,
 * so no byte of an argument can become a command. One thread at a time.
 */
#ifndef MCI_REDIS_BATCH_H
#define MCI_REDIS_BATCH_H

#include "base/buf.h"
#include "redis/reply.h"
#include "redis/script.h"
#include <stdint.h>

typedef struct mci_command {
    size_t begin;             /* where its bytes start in `out` */
    size_t tail;              /* EVALSHA: where the part after the script's name starts */
    size_t argc;              /* arguments so far, its name among them */
    size_t keys;              /* of a script */
    int keys_told;            /* their number is in its bytes */
    int sealed;               /* the counts are in its bytes */
    int slot;                 /* the batch's when it was started */
    const mci_script *script; /* NULL: a plain command */
    mci_reply *reply;
} mci_command;

/*
 * Which life of which server answers. A term lasts from one drawing of a replication id to the next on one process: Redis draws one at each start and at
 * each promotion, and never the same again. A server that came back from an old dump, or a replica that was promoted, is in another term than
 * the one whose values it may hold.
 */
typedef enum mci_term_kind {
    MCI_TERM_NONE = 0, /* not known: the server does not say, or may not be asked */
    MCI_TERM_PRIMARY,
    MCI_TERM_REPLICA /* of another server: what it says may be old */
} mci_term_kind;

typedef struct mci_term {
    mci_term_kind kind;
    int64_t tag;      /* of a primary's term, 1 to 2^53; else 0 */
    int64_t asked_ns; /* when the question was sent: it was so then, or later */
} mci_term;

typedef struct mci_batch {
    mci_buf out;
    mci_command *cmds;
    size_t n;
    size_t cap;
    mci_arena arena;
    int slot;            /* of a cluster, in which the keys of what comes next lie; whoever packs sets it */
    int64_t clock_ms;    /* the server's clock minus the monotonic one, for who packs; 0: not known */
    int once;            /* never send twice, whatever happens (ZINCRBY) */
    int unposted;        /* it was to be posted and was not: when it has gone well, its scripts are known */
    int sent;            /* a byte may have reached the server */
    int repeated;        /* it was sent once more on a new connection: the server may have carried it out twice */
    int round_trips;     /* exchanges so far */
    int resent;          /* scripts sent in full */
    mci_term term;       /* of the server, as far as was known when the replies came */
    unsigned generation; /* of the connection that brought them */
} mci_batch;

void mci_batch_init(mci_batch *b);
void mci_batch_free(mci_batch *b);

#ifdef MCI_TEST_HOOKS
/* A test's other text for a script (a safeguard taken away), or NULL for the script as it is. */
extern const char *(*mci_script_hook)(const mci_script *s);
#endif

/* Start a command, then give its arguments: they are counted here. The next command, or mci_batch_seal(), ends it. */
void mci_cmd(mci_batch *b, const char *name);
/* Start a script call: first its keys (at most 9) by mci_key(), then its arguments. */
void mci_cmd_script(mci_batch *b, const mci_script *s);
/* The same with any number of keys, which must follow. */
void mci_cmd_script_keys(mci_batch *b, const mci_script *s, size_t keys);
/* A key as the next argument, put together from a name and, unless `id` is NULL, an id and a closing brace. */
void mci_key(mci_batch *b, const char *name, const char *id);
/* The same command once more, in another batch: sealed, without a reply. */
void mci_batch_copy(mci_batch *to, const mci_batch *from, size_t i);
/* No more arguments are coming: the batch can be sent. */
void mci_batch_seal(mci_batch *b);

void mci_arg(mci_batch *b, const void *p, size_t n);
void mci_arg_str(mci_batch *b, const char *s);
void mci_arg_int(mci_batch *b, int64_t v);
void mci_arg_double(mci_batch *b, double v); /* shortest text that reads back the same */
void mci_arg_buf(mci_batch *b, const mci_buf *v);
/* Several arguments at once, encoded before by mci_args_encode(): what is the same in every read is encoded once. */
typedef struct mci_args {
    mci_buf bytes;
    size_t n;
} mci_args;
void mci_args_init(mci_args *args);
void mci_args_free(mci_args *args);
void mci_args_encode(mci_args *args, const char *arg);
void mci_args_encoded(mci_batch *b, const mci_args *args);
/* The same from a part of another batch: `n` arguments. */
void mci_args_raw(mci_batch *b, const char *bytes, size_t len, size_t n);

/* Reply of command `i`, after an exchange; NULL before. */
const mci_reply *mci_batch_reply(const mci_batch *b, size_t i);

#endif
