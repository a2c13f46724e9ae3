/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: spelling the keys. Refuses: a key without its hash tag. */
#include "cache/redis/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mci_keys_init(mci_key_names *k, const char *prefix, int raw_strings)
{
    memset(k, 0, sizeof *k);
    k->raw_strings = raw_strings;
    (void)snprintf(k->prefix, sizeof k->prefix, "%s", prefix);
    (void)snprintf(k->string[MCI_KEY_STRING], MCI_KEY_MAX, "%skv:{", k->prefix);
    (void)snprintf(k->string[MCI_KEY_METADATA], MCI_KEY_MAX, "mfc:v:%skv:{", k->prefix);
    (void)snprintf(k->string[MCI_KEY_STRING_LEASE], MCI_KEY_MAX, "mfc:l:%skv:{", k->prefix);
    (void)snprintf(k->fixed[MCI_KEY_PROBE], MCI_KEY_MAX, "mfc:{%s@}:probe", k->prefix);
    (void)snprintf(k->fixed[MCI_KEY_EPOCH], MCI_KEY_MAX, "mfc:{%s@}:epoch", k->prefix);
    (void)snprintf(k->fixed[MCI_KEY_IDENTITY], MCI_KEY_MAX, "mfc:{%s@}:identity", k->prefix);
    (void)snprintf(k->slot_epoch, MCI_KEY_MAX, "mfc:%sepoch:{", k->prefix);
}

int mci_keys_use_slots(mci_key_names *k)
{
    k->tags = malloc(sizeof *k->tags);
    if (k->tags == NULL)
        return -1;
    mci_slot_tags_make(k->tags);
    return 0;
}

void mci_keys_free(mci_key_names *k)
{
    free(k->tags);
    k->tags = NULL;
    for (size_t i = 0; i < k->nfamilies; i++)
        free(k->family[i]);
    for (size_t i = 0; i < k->nsets; i++)
        free(k->set[i]);
    k->nfamilies = k->nsets = 0;
}

int mci_keys_add_family(mci_key_names *k, const mci_family *f)
{
    static const char *const before[MCI_VALUE_KEYS] = {"", "mfc:q:", "mfc:l:", "mfc:s:"};
    char(*names)[MCI_KEY_MAX] = k->nfamilies < MCI_MAX_FAMILIES ? calloc(MCI_VALUE_KEYS, sizeof *names) : NULL;
    if (names == NULL)
        return -1;
    for (int i = 0; i < MCI_VALUE_KEYS; i++)
        (void)snprintf(names[i], MCI_KEY_MAX, "%s%s%.48s%s%.48s:{", before[i], k->prefix, f->spec->key,
                       f->unique != NULL ? ":" : "", f->unique != NULL ? f->unique : "");
    k->family[k->nfamilies] = names;
    return (int)k->nfamilies++;
}

int mci_keys_add_set(mci_key_names *k, const mci_set *s)
{
    static const char *const before[MCI_SET_KEYS] = {"", "mfc:p:", "mfc:a:", "mfc:n:"};
    static const char *const kind[] = {[MCI_SET_RANK] = "board", [MCI_SET_GEO] = "geo", [MCI_SET_COUNTER] = "counter"};
    char(*names)[MCI_KEY_MAX] = k->nsets < MCI_MAX_SETS ? calloc(MCI_SET_KEYS, sizeof *names) : NULL;
    if (names == NULL)
        return -1;
    for (int i = 0; i < MCI_SET_KEYS; i++)
        (void)snprintf(names[i], MCI_KEY_MAX, "%s%s%s:{%.48s:%.48s}", before[i], k->prefix, kind[s->kind], s->spec->name,
                       s->name);
    k->set[k->nsets] = names;
    return (int)k->nsets++;
}

void mci_keys_of_check(const mci_key_names *k, const char *token, char out[MCI_SET_KEYS][MCI_KEY_MAX])
{
    static const char *const before[MCI_SET_KEYS] = {"", "mfc:p:", "mfc:a:", "mfc:n:"};
    for (int i = 0; i < MCI_SET_KEYS; i++)
        (void)snprintf(out[i], MCI_KEY_MAX, "%s%sboard:{check:%.40s}", before[i], k->prefix, token);
}

int mci_key_has_tag(const char *key)
{
    const char *open = strchr(key, '{');
    const char *close = open != NULL ? strchr(open, '}') : NULL;
    return close != NULL && close > open + 1;
}

void mci_key_of_value(mci_batch *b, const mci_key_names *k, const mci_family *f, mci_value_key which, const char *id)
{
    mci_key(b, k->family[f->number][which], id);
}

void mci_key_of_string(mci_batch *b, const mci_key_names *k, mci_string_key which, const char *key)
{
    static const char *const beside[MCI_STRING_KEYS][2] = {
        [MCI_KEY_METADATA] = {"mfc:v:raw:{", "mfc:v:tag:"}, [MCI_KEY_STRING_LEASE] = {"mfc:l:raw:{", "mfc:l:tag:"}};
    if (!k->raw_strings) {
        mci_key(b, k->string[which], key);
    } else if (which == MCI_KEY_STRING) {
        mci_key(b, key, NULL);
    } else if (!mci_key_has_tag(key)) {
        mci_key(b, beside[which][0], key);
    } else {
        char name[MCI_RAW_KEY_MAX + 32];
        (void)snprintf(name, sizeof name, "%s%s", beside[which][1], key);
        mci_key(b, name, NULL);
    }
}

void mci_key_of_set(mci_batch *b, const mci_key_names *k, const mci_set *s, mci_set_key which)
{
    mci_key(b, k->set[s->number][which], NULL);
}

void mci_key_fixed(mci_batch *b, const mci_key_names *k, mci_fixed_key which)
{
    mci_key(b, k->fixed[which], NULL);
}

void mci_key_of_epoch(mci_batch *b, const mci_key_names *k, int slot)
{
    if (k->tags == NULL)
        mci_key_fixed(b, k, MCI_KEY_EPOCH);
    else
        mci_key(b, k->slot_epoch, k->tags->tag[slot]);
}

void mci_key_text_of_value(const mci_key_names *k, const mci_family *f, const char *id, mci_buf *out)
{
    mci_buf_fmt(out, "%s%s}", k->family[f->number][MCI_KEY_VALUE], id);
}

void mci_key_text_of_string(const mci_key_names *k, const char *key, mci_buf *out)
{
    mci_buf_fmt(out, "%s%s%s", k->raw_strings ? "" : k->string[MCI_KEY_STRING], key, k->raw_strings ? "" : "}");
}

int mci_slot_of_value(const mci_key_names *k, const mci_family *f, const char *id)
{
    return k->tags == NULL ? 0 : mci_slot_of_key(k->family[f->number][MCI_KEY_VALUE], id);
}

int mci_slot_of_string(const mci_key_names *k, const char *key)
{
    if (k->tags == NULL)
        return 0;
    return k->raw_strings ? mci_slot_of(key, strlen(key)) : mci_slot_of_key(k->string[MCI_KEY_STRING], key);
}

int mci_slot_of_set(const mci_key_names *k, const mci_set *s)
{
    return k->tags == NULL ? 0 : mci_slot_of_key(k->set[s->number][MCI_KEY_SET], NULL);
}

int mci_slot_of_prefix(const mci_key_names *k)
{
    return k->tags == NULL ? 0 : mci_slot_of_key(k->fixed[MCI_KEY_PROBE], NULL);
}
