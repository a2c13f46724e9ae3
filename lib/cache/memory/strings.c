/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: strings in this process. No other client can set one, so each has its time and its deadline. Refuses: strings without a TTL. */
#include "cache/memory/strings.h"

#include <stdlib.h>
#include <string.h>

static int key_of(const char *name, mci_held_key *key)
{
    size_t n = strlen(name);
    if (n > sizeof key->text - 1)
        return -1;
    key->text[0] = 's';
    memcpy(key->text + 1, name, n);
    key->len = n + 1;
    return 0;
}

static void show(const mci_memory_run *run, const mci_held *h, mci_found *out)
{
    *out = (mci_found){.written_ms = -1};
    if (h == NULL || h->kind == MCI_HELD_NOTHING)
        return;
    out->name = mci_memory_name(run, h);
    if (run->ops->clock_ms != 0 && run->ops->clock_ms > h->hard_ms) {
        out->state = MCI_FOUND_OLD;
        return;
    }
    out->written_ms = h->written_ms;
    out->hard_ms = h->hard_ms;
    out->bytes = h->bytes;
    out->stale = h->stale;
    out->state = MCI_FOUND_NEGATIVE;
    if (h->kind == MCI_HELD_NEGATIVE)
        return;
    out->text = (mci_slice){mci_arena_text(&run->ops->arena, h->text, h->len), h->len};
    out->state = out->text.p != NULL ? MCI_FOUND_VALUE : MCI_FOUND_NO_MEMORY;
}

void mci_memory_string_read(const mci_memory_run *run)
{
    mci_op_string_read *s = &run->op->u.string_read;
    mci_held_key key;
    mci_held *h = key_of(s->key, &key) == 0 ? mci_held_find(run->m, &key, run->now_ms) : NULL;
    show(run, h, &s->found);
    if (h != NULL && h->kind != MCI_HELD_NOTHING)
        mci_held_used(run->m, h);
}

void mci_memory_string_acquire(const mci_memory_run *run)
{
    mci_op_acquire *a = &run->op->u.acquire;
    mci_held_key key;
    a->found = (mci_found){.written_ms = -1};
    a->now_ms = run->now_ms;
    mci_held *h = key_of(a->id, &key) == 0 ? mci_held_make(run->m, &key, run->now_ms) : NULL;
    if (h == NULL) {
        mci_memory_refuse(run);
        return;
    }
    if (h->kind != MCI_HELD_NOTHING && !mci_memory_is_named(h, a->rejected)) {
        a->acquired = MCI_ACQUIRED_FOUND;
        show(run, h, &a->found);
        return;
    }
    mci_held_drop(run->m, h);
    mci_memory_lease(run, h, a);
}

static int put(const mci_memory_run *run, mci_held *h, const mci_op_string_set *s)
{
    if (s->mode == MCI_STRING_PUT && !mci_held_fits(run->m, h, s->size + 1))
        return -1; /* as of Redis: what stands there stays */
    mci_held_drop(run->m, h);
    if (s->mode != MCI_STRING_NONE) {
        h->text = malloc(s->size + 1);
        if (h->text == NULL)
            return -1;
        if (s->size > 0)
            memcpy(h->text, s->value, s->size);
        h->text[s->size] = '\0';
        h->len = s->size;
    }
    h->kind = s->mode == MCI_STRING_NONE ? MCI_HELD_NEGATIVE : MCI_HELD_TEXT;
    h->epoch = 0;
    h->stale = s->mode == MCI_STRING_STALE;
    h->written_ms = h->stale ? s->written_ms : s->now_ms;
    h->hard_ms = s->now_ms + s->ttl_ms;
    h->until_ms = run->now_ms + s->ttl_ms;
    return mci_held_set(run->m, h, h->len + 1);
}

void mci_memory_string_set(const mci_memory_run *run)
{
    mci_op_string_set *s = &run->op->u.string_set;
    mci_held_key key;
    s->stored = 0;
    int is_put = s->mode == MCI_STRING_PUT;
    int is_stale = s->mode == MCI_STRING_STALE;
    mci_held *h = key_of(s->key, &key) != 0 ? NULL
                  : is_put || is_stale      ? mci_held_make(run->m, &key, run->now_ms)
                                            : mci_held_find(run->m, &key, run->now_ms);
    if (h == NULL) {
        if (is_put)
            mci_memory_refuse(run);
        return;
    }
    mci_guard *g = mci_held_guard(run->m, h, run->now_ms);
    int mine = g != NULL && g->lease[0] != '\0' && strcmp(g->lease, s->token) == 0;
    if (g != NULL && (mine || is_put))
        g->lease[0] = '\0'; /* a put takes every load under way the right to fill */
    if (is_stale)
        mine = h->kind == MCI_HELD_NOTHING && (g == NULL || g->lease[0] == '\0');
    if (is_put || (mine && s->mode != MCI_STRING_RELEASE && h->kind != MCI_HELD_TEXT)) {
        s->stored = put(run, h, s) == 0;
        if (!s->stored && is_put)
            mci_memory_refuse(run);
    }
    (void)mci_held_guard(run->m, h, run->now_ms);
    mci_held_tidy(run->m, h);
}

void mci_memory_string_remove(const mci_memory_run *run)
{
    mci_op_string_remove *r = &run->op->u.string_remove;
    mci_held_key key;
    mci_held *h = key_of(r->key, &key) == 0 ? mci_held_find(run->m, &key, run->now_ms) : NULL;
    r->removed = h != NULL && h->kind == MCI_HELD_TEXT;
    if (h == NULL)
        return;
    mci_held_drop(run->m, h);
    mci_guard *g = mci_held_guard(run->m, h, run->now_ms);
    if (g != NULL)
        g->lease[0] = '\0';
    (void)mci_held_guard(run->m, h, run->now_ms);
    mci_held_tidy(run->m, h);
}
