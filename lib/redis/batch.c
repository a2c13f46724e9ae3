/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: encoding commands as RESP arrays of bulk strings. Refuses: format strings, and batches above 64 MiB. */
#include "redis/batch.h"

#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#define MAX_OUT ((size_t)64 << 20)
#define MAX_IN ((size_t)256 << 20)

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

static mci_command *add_command(mci_batch *b)
{
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
    mci_command *c = &b->cmds[b->n++];
    *c = (mci_command){.begin = b->out.len};
    return c;
}

static void header(mci_batch *b, char mark, size_t n)
{
    mci_buf_char(&b->out, mark);
    mci_buf_int(&b->out, (int64_t)n);
    mci_buf_add(&b->out, "\r\n", 2);
}

void mci_cmd(mci_batch *b, const char *name, size_t argc)
{
    mci_command *c = add_command(b);
    if (c == NULL)
        return;
    c->argc = argc;
    header(b, '*', argc);
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

void mci_cmd_script(mci_batch *b, const mci_script *s, size_t keys, size_t args)
{
    mci_command *c = add_command(b);
    if (c == NULL)
        return;
    c->argc = args + 3;
    c->script = s;
    header(b, '*', args + 3);
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
    mci_arg_int(b, (int64_t)keys);
}

void mci_arg(mci_batch *b, const void *p, size_t n)
{
    header(b, '$', n);
    mci_buf_add(&b->out, p, n);
    mci_buf_add(&b->out, "\r\n", 2);
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

void mci_arg_join(mci_batch *b, const char *first, const char *middle, size_t middle_len, const char *last)
{
    size_t first_len = strlen(first);
    size_t last_len = strlen(last);
    header(b, '$', first_len + middle_len + last_len);
    mci_buf_add(&b->out, first, first_len);
    mci_buf_add(&b->out, middle, middle_len);
    mci_buf_add(&b->out, last, last_len);
    mci_buf_add(&b->out, "\r\n", 2);
}

void mci_arg_buf(mci_batch *b, const mci_buf *v)
{
    if (v->failed)
        b->out.failed = 1;
    mci_arg(b, v->data == NULL ? "" : v->data, v->len);
}

void mci_args_encoded(mci_batch *b, const mci_buf *args)
{
    if (args->failed)
        b->out.failed = 1;
    mci_buf_add(&b->out, args->data, args->len);
}

void mci_args_encode(mci_buf *args, const char *arg)
{
    size_t n = strlen(arg);
    mci_buf_char(args, '$');
    mci_buf_int(args, (int64_t)n);
    mci_buf_add(args, "\r\n", 2);
    mci_buf_add(args, arg, n);
    mci_buf_add(args, "\r\n", 2);
}

const mci_reply *mci_batch_reply(const mci_batch *b, size_t i)
{
    return i < b->n ? b->cmds[i].reply : NULL;
}
