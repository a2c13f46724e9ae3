/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: encoding commands as RESP arrays of bulk strings. Refuses: format strings, and batches above 64 MiB. */
#include "redis/batch.h"

#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#define MAX_OUT ((size_t)64 << 20)
#define MAX_IN ((size_t)256 << 20)
#define FIRST_OUT 240 /* the commands of a read */
#define HEADER_MAX 32 /* mark, length and ends of line of one argument */

void mci_batch_init(mci_batch *b)
{
    *b = (mci_batch){0};
    mci_buf_init(&b->out, MAX_OUT);
    mci_arena_init(&b->arena, MAX_IN);
}

void mci_batch_free(mci_batch *b)
{
    mci_buf_free(&b->out);
    free(b->cmds);
    mci_arena_free(&b->arena);
}

/* The counts of the last command, now that they are known: one digit was left for the number of arguments. */
void mci_batch_seal(mci_batch *b)
{
    mci_command *c = b->n > 0 ? &b->cmds[b->n - 1] : NULL;
    if (c == NULL || c->sealed || b->out.failed)
        return;
    c->sealed = 1;
    if (c->argc < 10 && c->tail == 0) {
        b->out.data[c->begin + 1] = (char)('0' + c->argc);
        return;
    }
    char digits[24];
    mci_buf text = {.data = digits, .cap = sizeof digits, .max = sizeof digits - 1};
    mci_buf_int(&text, (int64_t)c->argc);
    size_t more = text.len - 1;
    for (size_t i = 0; i < more; i++)
        mci_buf_char(&b->out, ' ');
    if (b->out.failed)
        return;
    char *at = b->out.data + c->begin + 1;
    memmove(at + text.len, at + 1, b->out.len - more - c->begin - 2);
    memcpy(at, digits, text.len);
    c->tail += more;
    if (c->tail > more && !c->keys_told) /* a script: its number of keys comes first in the tail, as "$1", "0" */
        b->out.data[c->tail + sizeof "$1\r\n" - 1] = (char)('0' + c->keys);
}

static mci_command *add_command(mci_batch *b)
{
    mci_batch_seal(b);
    if (b->n == b->cap) {
        size_t cap = b->cap == 0 ? 8 : b->cap * 2;
        mci_command *cmds = realloc(b->cmds, cap * sizeof *cmds);
        if (cmds == NULL) {
            b->out.failed = 1;
            return NULL;
        }
        b->cmds = cmds;
        b->cap = cap;
    }
    if (b->out.cap == 0)
        (void)mci_buf_reserve(&b->out, FIRST_OUT); /* a failure is told by what follows */
    mci_command *c = &b->cmds[b->n++];
    *c = (mci_command){.begin = b->out.len, .slot = b->slot};
    return c;
}

/* Each argument is written into room that was asked for once: a hit encodes five of them. */
static char *room(mci_batch *b, size_t n)
{
    size_t all = n < SIZE_MAX - HEADER_MAX ? n + HEADER_MAX : SIZE_MAX;
    return mci_buf_reserve(&b->out, all) == 0 ? b->out.data + b->out.len : NULL;
}

static char *line(char *p, char mark, size_t n)
{
    char digits[24];
    char *d = digits + sizeof digits;
    do {
        *--d = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    *p++ = mark;
    while (d < digits + sizeof digits)
        *p++ = *d++;
    *p++ = '\r';
    *p++ = '\n';
    return p;
}

static char *bytes(char *p, const void *from, size_t n)
{
    if (n > 0)
        memcpy(p, from, n);
    return p + n;
}

static void written(mci_batch *b, char *end)
{
    *end = '\0';
    b->out.len = (size_t)(end - b->out.data);
}

/* How many arguments follow is filled in when the command is sealed. */
static void begin_command(mci_batch *b)
{
    char *p = room(b, 0);
    if (p != NULL)
        written(b, line(p, '*', 0));
}

void mci_batch_copy(mci_batch *to, const mci_batch *from, size_t i)
{
    const mci_command *c = &from->cmds[i];
    size_t end = i + 1 < from->n ? from->cmds[i + 1].begin : from->out.len;
    mci_command *copy = add_command(to);
    if (copy == NULL)
        return;
    *copy = *c;
    copy->begin = to->out.len;
    copy->tail = c->tail > 0 ? c->tail - c->begin + copy->begin : 0;
    copy->reply = NULL;
    mci_buf_add(&to->out, from->out.data + c->begin, end - c->begin);
}

void mci_cmd(mci_batch *b, const char *name)
{
    if (add_command(b) == NULL)
        return;
    begin_command(b);
    mci_arg_str(b, name);
}

#ifdef MCI_TEST_HOOKS
const char *(*mci_script_hook)(const mci_script *s);

static const char *other_text(const mci_script *s)
{
    return mci_script_hook != NULL ? mci_script_hook(s) : NULL;
}
#else
static const char *other_text(const mci_script *s)
{
    (void)s;
    return NULL;
}
#endif

static void script_call(mci_batch *b, const mci_script *s, size_t keys)
{
    mci_command *c = add_command(b);
    if (c == NULL)
        return;
    c->script = s;
    begin_command(b);
    const char *text = other_text(s);
    if (text != NULL) {
        c->script = NULL;
        mci_arg_str(b, "EVAL");
        mci_arg_str(b, text);
    } else {
        mci_arg_str(b, "EVALSHA");
        mci_arg(b, s->sha1, 40);
    }
    b->cmds[b->n - 1].tail = b->out.len;
    b->cmds[b->n - 1].keys_told = keys > 0;
    mci_arg_int(b, (int64_t)keys);
}

void mci_cmd_script(mci_batch *b, const mci_script *s)
{
    script_call(b, s, 0);
}

void mci_cmd_script_keys(mci_batch *b, const mci_script *s, size_t keys)
{
    script_call(b, s, keys);
}

void mci_key(mci_batch *b, const char *name, const char *id)
{
    size_t name_len = strlen(name);
    size_t id_len = id != NULL ? strlen(id) + 1 : 0; /* with the brace */
    char *p = room(b, name_len + id_len);
    if (p != NULL) {
        p = bytes(line(p, '$', name_len + id_len), name, name_len);
        if (id != NULL)
            p = bytes(bytes(p, id, id_len - 1), "}", 1);
        written(b, bytes(p, "\r\n", 2));
    }
    if (b->n > 0) {
        b->cmds[b->n - 1].argc++;
        b->cmds[b->n - 1].keys++;
    }
}

void mci_arg(mci_batch *b, const void *p, size_t n)
{
    if (b->n > 0)
        b->cmds[b->n - 1].argc++;
    char *to = room(b, n);
    if (to != NULL)
        written(b, bytes(bytes(line(to, '$', n), p, n), "\r\n", 2));
}

void mci_arg_str(mci_batch *b, const char *s)
{
    mci_arg(b, s, strlen(s));
}

void mci_arg_int(mci_batch *b, int64_t v)
{
    char digits[24];
    mci_buf text = {.data = digits, .cap = sizeof digits, .max = sizeof digits - 1};
    mci_buf_int(&text, v); /* never grows: an int64 fits */
    mci_arg(b, digits, text.len);
}

void mci_arg_double(mci_batch *b, double v)
{
    char text[MCI_NUM_MAX];
    size_t n = mci_double_text(v, text);
    mci_arg(b, text, n);
}

void mci_arg_buf(mci_batch *b, const mci_buf *v)
{
    if (v->failed)
        b->out.failed = 1;
    mci_arg(b, v->data == NULL ? "" : v->data, v->len);
}

void mci_args_init(mci_args *args)
{
    args->n = 0;
    mci_buf_init(&args->bytes, (size_t)64 * 1024);
}

void mci_args_free(mci_args *args)
{
    mci_buf_free(&args->bytes);
}

void mci_args_encode(mci_args *args, const char *arg)
{
    size_t n = strlen(arg);
    mci_buf_char(&args->bytes, '$');
    mci_buf_int(&args->bytes, (int64_t)n);
    mci_buf_add(&args->bytes, "\r\n", 2);
    mci_buf_add(&args->bytes, arg, n);
    mci_buf_add(&args->bytes, "\r\n", 2);
    args->n++;
}

void mci_args_raw(mci_batch *b, const char *bytes, size_t len, size_t n)
{
    mci_buf_add(&b->out, bytes, len);
    if (b->n > 0)
        b->cmds[b->n - 1].argc += n;
}

void mci_args_encoded(mci_batch *b, const mci_args *args)
{
    if (args->bytes.failed)
        b->out.failed = 1;
    mci_args_raw(b, args->bytes.data, args->bytes.len, args->n);
}

const mci_reply *mci_batch_reply(const mci_batch *b, size_t i)
{
    return i < b->n ? b->cmds[i].reply : NULL;
}
