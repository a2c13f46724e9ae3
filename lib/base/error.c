/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: filling error records and naming codes. Refuses: several lines, control bytes and thread-local errors. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(mc_error) == MC_ERROR_SIZE, "mc_error is part of the ABI");

__attribute__((format(printf, 5, 0))) static void fill(mc_error *err, mc_status code, int tier, int backend_code,
                                                       const char *fmt, va_list ap)
{
    if (err == NULL)
        return;
    /* The format's arguments may point into this very record (a text passed on with a prefix). */
    char text[sizeof err->text];
    (void)vsnprintf(text, sizeof text, fmt, ap);
    memset(err, 0, sizeof *err);
    err->code = code;
    err->tier = tier;
    err->backend_code = backend_code;
    err->retriable = (unsigned char)mci_status_retriable(code);
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    memcpy(err->text, text, sizeof text);
}

mc_status mci_fail(mc_error *err, mc_status code, int tier, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, tier, 0, fmt, ap);
    va_end(ap);
    return code;
}

mc_status mci_fail_code(mc_error *err, mc_status code, int tier, int backend_code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, code, tier, backend_code, fmt, ap);
    va_end(ap);
    return code;
}

void mci_error_clear(mc_error *err)
{
    if (err != NULL)
        memset(err, 0, sizeof *err);
}

int mci_status_retriable(mc_status code)
{
    return code == MC_E_CACHE || code == MC_E_STORE || code == MC_E_TIMEOUT;
}

typedef struct row {
    mc_status code;
    const char *name;
    const char *text;
} row;

static const row rows[] = {
    {MC_OK, "MC_OK", "done"},
    {MC_NOT_FOUND, "MC_NOT_FOUND", "there is no such document or key"},
    {MC_E_ARG, "MC_E_ARG", "an argument is missing or malformed"},
    {MC_E_RANGE, "MC_E_RANGE", "a number is outside its limits"},
    {MC_E_UTF8, "MC_E_UTF8", "a text is not valid UTF-8"},
    {MC_E_JSON, "MC_E_JSON", "a text is not one well-formed JSON object"},
    {MC_E_DEPTH, "MC_E_DEPTH", "JSON is nested deeper than 64 levels"},
    {MC_E_FIELD, "MC_E_FIELD", "a field name is not allowed"},
    {MC_E_TOOBIG, "MC_E_TOOBIG", "a text, key or document is above its limit"},
    {MC_E_TYPE, "MC_E_TYPE", "a value has the wrong type for its field"},
    {MC_E_EXISTS, "MC_E_EXISTS", "a document with this id is there already"},
    {MC_E_CONFLICT, "MC_E_CONFLICT", "the stored document cannot take this change"},
    {MC_E_NOMEM, "MC_E_NOMEM", "out of memory"},
    {MC_E_CLOSED, "MC_E_CLOSED", "the handle is closed or being closed"},
    {MC_E_FORKED, "MC_E_FORKED", "the handle belongs to the parent process"},
    {MC_E_REENTRANT, "MC_E_REENTRANT", "called from inside a callback of the same handle"},
    {MC_E_INTERNAL, "MC_E_INTERNAL", "a broken invariant inside the library"},
    {MC_E_URI, "MC_E_URI", "a URI cannot be understood"},
    {MC_E_TLS, "MC_E_TLS", "encryption was asked for and is not available"},
    {MC_E_OPTION, "MC_E_OPTION", "no such option, or its value does not fit"},
    {MC_E_FILE, "MC_E_FILE", "a file cannot be read or written"},
    {MC_E_CACHE, "MC_E_CACHE", "Redis cannot be reached or answered with an error"},
    {MC_E_AUTH, "MC_E_AUTH", "a server refused the user, the password or the permission"},
    {MC_E_PROTO, "MC_E_PROTO", "a server answered outside its protocol"},
    {MC_E_CLUSTER, "MC_E_CLUSTER", "Redis is a cluster node that redirects"},
    {MC_E_DATABASE, "MC_E_DATABASE", "Redis holds another database's values under this prefix"},
    {MC_E_STORE, "MC_E_STORE", "the database cannot be reached or answered with an error"},
    {MC_E_TIMEOUT, "MC_E_TIMEOUT", "the deadline passed before an answer"},
    {MC_E_UNKNOWN, "MC_E_UNKNOWN", "a write was sent and its outcome is not known"},
    {MC_E_UNSUPPORTED, "MC_E_UNSUPPORTED", "this store or this build cannot do it"},
    {MC_E_ABORT, "MC_E_ABORT", "a callback of the caller asked to stop"},
};

static const row *find(mc_status status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == status)
            return &rows[i];
    return NULL;
}

const char *mc_status_name(mc_status status)
{
    const row *r = find(status);
    return r == NULL ? "MC_E_?" : r->name;
}

const char *mc_status_text(mc_status status)
{
    const row *r = find(status);
    return r == NULL ? "not a status of this library" : r->text;
}

const char *mc_tier_name(int tier)
{
    static const char *const names[] = {"none", "near", "redis", "store", "snapshot", "memory"};
    return tier >= 0 && tier < (int)(sizeof names / sizeof names[0]) ? names[tier] : "?";
}
