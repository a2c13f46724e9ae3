/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of all keys in Redis: nothing else spells one. Every key of one id has one hash tag, so one id lies in one slot of a
 * cluster; so have the four keys of a derived set, and the keys of an entire prefix. Every key contains its collection.
 *   <prefix>movie:{<id>}                     document             mfc:q: quarantine, mfc:l: lease, mfc:s: sole-writer token before it
 *   <prefix>movie:title:{<title>}            unique key           the same
 *   <prefix>board:{movies:imdb_rating}       rank                 mfc:p: pending, mfc:a: announcements, mfc:n: new set before it
 *   <prefix>geo:{theaters:place}             geo                  the same
 *   <prefix>counter:{movies:views}           counter
 *   <prefix>kv:{<key>}                       string               mfc:v: metadata, mfc:l: lease before it
 *   <key>                                    string of values.raw_keys: mfc:v:raw:{<key>}, mfc:l:raw:{<key>} beside it; of a key that
 *                                            has a {tag} of its own mfc:v:tag:<key>, mfc:l:tag:<key>
 *   mfc:{<prefix>@}:epoch, :identity, :probe
 *   mfc:<prefix>epoch:{<tag>}                of a cluster: the epoch of a slot, under a tag that lies in it
 */
#ifndef MCI_CACHE_REDIS_KEYS_H
#define MCI_CACHE_REDIS_KEYS_H

#include "cache/cache.h"
#include "redis/batch.h"
#include "redis/slot.h"

#define MCI_KEY_RESERVED "mfc:" /* what the names of all keys that are nobody's values begin with */
#define MCI_RAW_KEY_MAX 512     /* of a string that is named to the letter */
#define MCI_KEY_MAX 224         /* names and fixed keys, with their NUL */

typedef enum mci_value_key {
    MCI_KEY_VALUE = 0,
    MCI_KEY_QUARANTINE,
    MCI_KEY_LEASE,
    MCI_KEY_SOLE,
    MCI_VALUE_KEYS
} mci_value_key;
typedef enum mci_string_key { MCI_KEY_STRING = 0, MCI_KEY_METADATA, MCI_KEY_STRING_LEASE, MCI_STRING_KEYS } mci_string_key;
typedef enum mci_set_key { MCI_KEY_SET = 0, MCI_KEY_PENDING, MCI_KEY_ANNOUNCED, MCI_KEY_NEW, MCI_SET_KEYS } mci_set_key;
typedef enum mci_fixed_key { MCI_KEY_PROBE = 0, MCI_KEY_EPOCH, MCI_KEY_IDENTITY, MCI_FIXED_KEYS } mci_fixed_key;

typedef struct mci_key_names {
    char prefix[64];
    char (*family[MCI_MAX_FAMILIES])[MCI_KEY_MAX]; /* MCI_VALUE_KEYS names each */
    size_t nfamilies;
    char (*set[MCI_MAX_SETS])[MCI_KEY_MAX]; /* MCI_SET_KEYS names each */
    size_t nsets;
    char string[MCI_STRING_KEYS][MCI_KEY_MAX];
    int raw_strings; /* values.raw_keys */
    char fixed[MCI_FIXED_KEYS][MCI_KEY_MAX];
    char slot_epoch[MCI_KEY_MAX]; /* before a slot's tag */
    mci_slot_tags *tags;          /* of a cluster; NULL: there is one slot */
} mci_key_names;

void mci_keys_init(mci_key_names *k, const char *prefix, int raw_strings);
/* Keys lie in slots. 0, or -1: no memory. */
int mci_keys_use_slots(mci_key_names *k);
void mci_keys_free(mci_key_names *k);
/* Names for one more family or set; its number, or -1. */
int mci_keys_add_family(mci_key_names *k, const mci_family *f);
int mci_keys_add_set(mci_key_names *k, const mci_set *s);

/* Names that no derived set has, for a check to try things on. */
void mci_keys_of_check(const mci_key_names *k, const char *token, char out[MCI_SET_KEYS][MCI_KEY_MAX]);

/* Does Redis Cluster hash a part of this key alone: has it a {tag}? */
int mci_key_has_tag(const char *key);

/* The key as the batch's next one. */
void mci_key_of_value(mci_batch *b, const mci_key_names *k, const mci_family *f, mci_value_key which, const char *id);
void mci_key_of_string(mci_batch *b, const mci_key_names *k, mci_string_key which, const char *key);
void mci_key_of_set(mci_batch *b, const mci_key_names *k, const mci_set *s, mci_set_key which);
void mci_key_fixed(mci_batch *b, const mci_key_names *k, mci_fixed_key which);
/* The epoch of the slot; of all when there are none. */
void mci_key_of_epoch(mci_batch *b, const mci_key_names *k, int slot);

/* The same as text: of a value, of a string. */
void mci_key_text_of_value(const mci_key_names *k, const mci_family *f, const char *id, mci_buf *out);
void mci_key_text_of_string(const mci_key_names *k, const char *key, mci_buf *out);

/* The slot of all keys of a value, a string, a set, the prefix; 0 when there are no slots. */
int mci_slot_of_value(const mci_key_names *k, const mci_family *f, const char *id);
int mci_slot_of_string(const mci_key_names *k, const char *key);
int mci_slot_of_set(const mci_key_names *k, const mci_set *s);
int mci_slot_of_prefix(const mci_key_names *k);

#endif
