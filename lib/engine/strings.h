/* SPDX-License-Identifier: Apache-2.0 */
/* Strings in the cache alone: put, get, remove. Loading them through the tiers is in values.h. */
#ifndef MCI_ENGINE_STRINGS_H
#define MCI_ENGINE_STRINGS_H

#include "engine/call.h"
#include <mflixcache/tiers.h>

/* `statuses` may be NULL. */
mc_status mci_string_put(mci_call *c, const mc_entry *entries, size_t n, int64_t ttl_ms, mc_status *statuses);
/* `*out` is malloc'ed, with a NUL after it. */
mc_status mci_string_get(mci_call *c, const char *key, char **out, size_t *size);
mc_status mci_string_remove(mci_call *c, const char *key);

/* A malloc'ed copy with a NUL after it. */
mc_status mci_string_copy(const char *p, size_t n, char **out, size_t *size, mc_error *err);
/* What an answer out of the cache says about its age. */
void mci_string_tell_age(const mci_call *c, const mci_found *f);

#endif
