/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the options object: setting, reading back, checking limits, and keeping passwords from showing.
 * Refuses: reading files and the environment (options_load.c), and changing anything when a value does not fit.
 */
#include "api/options.h"

#include "base/error.h"
#include "base/num.h"
#include "base/uri_redact.h"
#include "base/wipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mc_options {
    mci_settings s;
};

static char *text_of(mci_settings *s, const mci_option *opt)
{
    return (char *)s + opt->offset;
}

static mc_status set_number(mci_settings *s, const mci_option *opt, int64_t v)
{
    memcpy((char *)s + opt->offset, &v, sizeof v);
    return MC_OK;
}

static int64_t number_of(const mci_settings *s, const mci_option *opt)
{
    int64_t v;
    memcpy(&v, (const char *)s + opt->offset, sizeof v);
    return v;
}

static mc_status set_int(mci_settings *s, const mci_option *opt, const char *value, mc_error *err)
{
    size_t digits = *value == '-' || *value == '+' ? 1 : 0;
    size_t n = strlen(value);
    if (n == digits || strspn(value + digits, "0123456789") != n - digits)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s: a whole number is needed, %s", opt->info.key, opt->info.range);
    int64_t v = 0;
    /* A '+' is for people; the number reader is strict. Digits alone that do not fit in 64 bits are out of range. */
    size_t skip = *value == '+' ? 1 : 0;
    if (mci_parse_int(value + skip, n - skip, &v) != 0 || v < opt->min || v > opt->max)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "%s: must be %s", opt->info.key, opt->info.range);
    return set_number(s, opt, v);
}

static mc_status set_bool(mci_settings *s, const mci_option *opt, const char *value, mc_error *err)
{
    if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
        return set_number(s, opt, 1);
    if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
        return set_number(s, opt, 0);
    return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s: must be true or false", opt->info.key);
}

static mc_status set_choice(mci_settings *s, const mci_option *opt, const char *value, mc_error *err)
{
    size_t n = strlen(value);
    int64_t index = 0;
    for (const char *p = opt->info.range;; index++) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, value, n) == 0)
            return set_number(s, opt, index);
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s: must be one of %s", opt->info.key, opt->info.range);
}

static mc_status set_text(mci_settings *s, const mci_option *opt, const char *value, mc_error *err)
{
    size_t n = strlen(value);
    if (n > opt->max_len)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "%s: longer than %zu bytes", opt->info.key, opt->max_len);
    mc_status st = opt->check == NULL ? MC_OK : opt->check(opt, value, err);
    if (st != MC_OK)
        return st;
    mci_wipe(text_of(s, opt), opt->max_len + 1);
    memcpy(text_of(s, opt), value, n + 1);
    return MC_OK;
}

/* A URI is parsed here and nowhere else. It may set several options: all of them, or none. */
static mc_status set_uri(mci_settings *s, const mci_option *opt, const char *value, mc_error *err)
{
    if (strlen(value) > opt->max_len)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "%s: longer than %zu bytes", opt->info.key, opt->max_len);
    char shown[MCI_TEXT_OPT] = "";
    mci_settings copy = *s;
    mc_status st = opt->parse(&copy, value, shown, err);
    if (st == MC_OK) {
        memcpy(text_of(&copy, opt), shown, sizeof shown);
        *s = copy;
    }
    mci_wipe(&copy, sizeof copy);
    mci_wipe(shown, sizeof shown);
    return st;
}

static mc_status set_in_place(mci_settings *s, const mci_option *opt, const char *value, mc_error *err)
{
    switch (opt->type) {
    case MCI_OPT_INT:
        return set_int(s, opt, value, err);
    case MCI_OPT_BOOL:
        return set_bool(s, opt, value, err);
    case MCI_OPT_CHOICE:
        return set_choice(s, opt, value, err);
    case MCI_OPT_URI:
        return set_uri(s, opt, value, err);
    case MCI_OPT_TEXT:
        break;
    }
    return set_text(s, opt, value, err);
}

mc_status mci_settings_set(mci_settings *s, const char *key, const char *value, mc_error *err)
{
    const mci_option *opt = mci_option_find(key);
    if (opt == NULL)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "no option is named \"%.64s\"", key);
    return set_in_place(s, opt, value, err);
}

mc_options *mc_options_new(void)
{
    mc_options *o = calloc(1, sizeof *o);
    if (o == NULL)
        return NULL;
    size_t n;
    const mci_option *table = mci_option_table(&n);
    for (size_t i = 0; i < n; i++)
        if (set_in_place(&o->s, &table[i], table[i].info.default_value, NULL) != MC_OK) {
            free(o);
            return NULL;
        }
    return o;
}

void mc_options_free(mc_options *o)
{
    if (o == NULL)
        return;
    mci_wipe(o, sizeof *o);
    free(o);
}

mc_status mc_options_set(mc_options *o, const char *key, const char *value, mc_error *err)
{
    mci_error_clear(err);
    if (o == NULL || key == NULL || value == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "%s is NULL", o == NULL ? "options" : key == NULL ? "key" : "value");
    return mci_settings_set(&o->s, key, value, err);
}

static void copy_text(const char *text, size_t n, char *buf, size_t size)
{
    size_t fits = n < size ? n : size - 1;
    memcpy(buf, text, fits);
    buf[fits] = '\0';
}

mc_status mc_options_get(const mc_options *o, const char *key, char *buf, size_t size, mc_error *err)
{
    mci_error_clear(err);
    if (buf != NULL && size > 0)
        buf[0] = '\0';
    if (o == NULL || key == NULL || buf == NULL || size == 0)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "options, key or buffer is missing");
    const mci_option *opt = mci_option_find(key);
    if (opt == NULL)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "no option is named \"%.64s\"", key);
    const char *text = (const char *)&o->s + opt->offset;
    char number[MCI_NUM_MAX];
    switch (opt->type) {
    case MCI_OPT_TEXT:
        if (opt->info.secret && *text != '\0')
            text = "***";
        break;
    case MCI_OPT_URI:
        mci_uri_redact(text, buf, size);
        return MC_OK;
    case MCI_OPT_BOOL:
        text = number_of(&o->s, opt) != 0 ? "true" : "false";
        break;
    case MCI_OPT_INT:
        (void)snprintf(number, sizeof number, "%lld", (long long)number_of(&o->s, opt));
        text = number;
        break;
    case MCI_OPT_CHOICE:
        text = opt->info.range;
        for (int64_t i = number_of(&o->s, opt); i > 0; i--)
            text += strcspn(text, "|") + 1;
        copy_text(text, strcspn(text, "|"), buf, size);
        return MC_OK;
    }
    copy_text(text, strlen(text), buf, size);
    return MC_OK;
}

const mci_settings *mci_options_settings(const mc_options *o)
{
    return &o->s;
}

mci_settings *mci_options_writable(mc_options *o)
{
    return &o->s;
}

mc_status mc_options_set_key_password(mc_options *o, mc_password_fn fn, void *user, mc_error *err)
{
    mci_error_clear(err);
    if (o == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "options is NULL");
    o->s.cache_tls_key_password = fn;
    o->s.cache_tls_key_password_user = user;
    return MC_OK;
}

/* What is given for TLS must fit together; and there must be TLS, or a letter that is missing in the URI sends the password in the clear. */
static mc_status check_tls(const mci_settings *s, mc_error *err)
{
    int password = s->cache_tls_key_password_file[0] != '\0' || s->cache_tls_key_password != NULL;
    const char *given = s->cache_tls_ca_file[0] != '\0'                ? "cache.tls_ca_file"
                        : s->cache_tls_ca_path[0] != '\0'              ? "cache.tls_ca_path"
                        : s->cache_tls_cert_file[0] != '\0'            ? "cache.tls_cert_file"
                        : s->cache_tls_key_file[0] != '\0'             ? "cache.tls_key_file"
                        : s->cache_tls_server_name[0] != '\0'          ? "cache.tls_server_name"
                        : s->cache_tls_insecure_skip_verification != 0 ? "cache.tls_insecure_skip_verification"
                        : password                                     ? "the password of a TLS key"
                                                                       : NULL;
    if (given != NULL && !s->cache_addr.tls && !s->cache_in_memory)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s is given, and cache.uri does not ask for TLS: rediss://", given);
    if ((s->cache_tls_cert_file[0] == '\0') != (s->cache_tls_key_file[0] == '\0'))
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                        "cache.tls_cert_file and cache.tls_key_file are given together, or neither");
    if (password && s->cache_tls_key_file[0] == '\0')
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "a password is given, and cache.tls_key_file is not");
    if (s->cache_tls_key_password_file[0] != '\0' && s->cache_tls_key_password != NULL)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                        "the key's password is given twice: cache.tls_key_password_file and mc_options_set_key_password()");
    return MC_OK;
}

mc_status mci_options_check(const mci_settings *s, mc_error *err)
{
    if (s->store_timeout_ms >= s->write_quarantine_ms / 2)
        return mci_fail(
            err, MC_E_OPTION, MC_TIER_NONE,
            "store.timeout_ms (%lld) must be below half of write.quarantine_ms (%lld): a write that is still on its way "
            "must not outlive its quarantine",
            (long long)s->store_timeout_ms, (long long)s->write_quarantine_ms);
    if (s->cache_backoff_min_ms > s->cache_backoff_max_ms)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                        "cache.backoff_min_ms (%lld) must not be above cache.backoff_max_ms (%lld)",
                        (long long)s->cache_backoff_min_ms, (long long)s->cache_backoff_max_ms);
    if (s->store_backoff_min_ms > s->store_backoff_max_ms)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                        "store.backoff_min_ms (%lld) must not be above store.backoff_max_ms (%lld)",
                        (long long)s->store_backoff_min_ms, (long long)s->store_backoff_max_ms);
    return check_tls(s, err);
}
