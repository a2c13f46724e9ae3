/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: calling a script by its text instead of its sum, and which ones need none. Refuses: repeating what the server has carried out. */
#include "redis/resend.h"

#include <string.h>

void mci_scripts_forget(mci_scripts_known *k)
{
    for (size_t i = 0; i < MCI_SCRIPTS_KNOWN; i++)
        atomic_store_explicit(&k->at[i], NULL, memory_order_relaxed);
}

static int is_known(mci_scripts_known *k, const mci_script *s)
{
    for (size_t i = 0; i < MCI_SCRIPTS_KNOWN; i++)
        if (atomic_load_explicit(&k->at[i], memory_order_relaxed) == s)
            return 1;
    return 0;
}

void mci_scripts_learn(mci_scripts_known *k, const mci_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const mci_script *s = b->cmds[i].script;
        for (size_t at = 0; s != NULL && at < MCI_SCRIPTS_KNOWN && !is_known(k, s); at++) {
            const mci_script *none = NULL;
            (void)atomic_compare_exchange_strong(&k->at[at], &none, s);
        }
    }
}

int mci_scripts_are_known(mci_scripts_known *k, const mci_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->cmds[i].script != NULL && !is_known(k, b->cmds[i].script))
            return 0;
    return 1;
}

int mci_is_noscript(const mci_command *c)
{
    return c->script != NULL && c->reply != NULL && c->reply->type == MCI_REPLY_ERROR &&
           strncmp(c->reply->u.str, "NOSCRIPT", 8) == 0;
}

size_t mci_resend_pack(const mci_batch *b, mci_batch *full)
{
    size_t missing = 0;
    for (size_t i = 0; i < b->n; i++)
        missing += (size_t)mci_is_noscript(&b->cmds[i]);
    if (missing == 0)
        return 0;
    mci_batch_init(full);
    full->once = b->once;
    for (size_t i = 0; i < b->n; i++) {
        const mci_command *c = &b->cmds[i];
        if (!mci_is_noscript(c))
            continue;
        size_t end = i + 1 < b->n ? b->cmds[i + 1].begin : b->out.len;
        mci_cmd(full, "EVAL");
        mci_arg(full, c->script->text, c->script->len);
        mci_args_raw(full, b->out.data + c->tail, end - c->tail, c->argc - 2);
    }
    mci_batch_seal(full);
    return missing;
}

void mci_resend_take(mci_batch *b, mci_batch *full)
{
    size_t k = 0;
    for (size_t i = 0; i < b->n; i++)
        if (mci_is_noscript(&b->cmds[i]))
            b->cmds[i].reply = full->cmds[k++].reply;
    b->resent += (int)k;
    b->round_trips += full->round_trips;
    if (full->term.tag != b->term.tag) /* of two servers: none can be said to have given all */
        b->term = (mci_term){0};
    b->generation = full->generation;
    mci_arena_adopt(&b->arena, &full->arena); /* the replies live there */
}
