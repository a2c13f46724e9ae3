/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions on string keys. Refuses: I/O before the checks, and keys without a TTL. */
#include "api/client.h"

#include "base/utf8.h"

#include <mflixcache/kv.h>
#include <string.h>

#define KEY_MAX 512
#define TTL_MAX INT64_C(31536000000)

mc_status mci_check_key(const char *key, mc_error *err)
{
    if (key == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "key is NULL");
    size_t n = strlen(key);
    if (n == 0)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "key is empty");
    if (n > KEY_MAX)
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "key has %zu bytes; the limit is %d", n, KEY_MAX);
    if (!mci_utf8_valid(key, n))
        return mci_fail(err, MC_E_UTF8, MC_TIER_NONE, "key is not valid UTF-8");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)key[i];
        if (c <= 0x20 || c == 0x7f || c == '{' || c == '}')
            return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "key: byte %zu is a blank, a brace or a control byte", i);
    }
    return MC_OK;
}

mc_status mci_check_value(const mci_settings *set, const void *value, size_t size, mc_error *err)
{
    if (value == NULL && size > 0)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "value is NULL and size is not 0");
    if (size > (size_t)set->value_max_bytes)
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "value has %zu bytes; value.max_bytes is %lld", size,
                        (long long)set->value_max_bytes);
    return MC_OK;
}

mc_status mci_check_ttl(const mci_settings *set, int64_t *ttl_ms, mc_error *err)
{
    if (*ttl_ms < 0 || *ttl_ms > TTL_MAX)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "ttl_ms must be from 1 to %lld, or 0 for kv.ttl_ms",
                        (long long)TTL_MAX);
    if (*ttl_ms == 0)
        *ttl_ms = set->kv_ttl_ms;
    return MC_OK;
}

mc_status mc_put(mc_client *mc, const char *key, const void *value, size_t size, int64_t ttl_ms, mc_info *info,
                 mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    const mci_settings *set = &en.cl->engine->set;
    st = mci_check_key(key, &en.own_err);
    if (st == MC_OK)
        st = mci_check_value(set, value, size, &en.own_err);
    if (st == MC_OK)
        st = mci_check_ttl(set, &ttl_ms, &en.own_err);
    mc_entry one = {key, value, size};
    if (st == MC_OK)
        st = mci_string_put(&en.call, &one, 1, ttl_ms, NULL);
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_get(mc_client *mc, const char *key, char **out, size_t *size, mc_info *info, mc_error *err)
{
    mci_entry en;
    size_t len = 0;
    if (out != NULL)
        *out = NULL;
    if (size != NULL)
        *size = 0;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL") : mci_check_key(key, &en.own_err);
    if (st == MC_OK)
        st = mci_string_get(&en.call, key, out, &len);
    if (st == MC_OK && size != NULL)
        *size = len;
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_remove(mc_client *mc, const char *key, mc_info *info, mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_key(key, &en.own_err);
    if (st == MC_OK)
        st = mci_string_remove(&en.call, key);
    return mci_leave(&en, st, MCI_H_NONE);
}
