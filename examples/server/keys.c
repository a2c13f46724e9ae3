/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns values by key, for programs in any language: read through the tiers (without a loader), written, removed. Refuses names that the path
 * of a URL would change, and bodies that are no JSON.
 */
#include "respond.h"
#include "router.h"

#include <jansson.h>
#include <string.h>

#define KEY_MAX 128
#define TTL_MAX INT64_C(31536000000)

/* A value is looked at, and kept byte by byte: numbers and texts that jansson would not hold are JSON all the same. */
#define ANY_JSON (JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

static const char *key_of(request *r)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:.-";
    const char *key = r->segments[1];
    size_t n = strspn(key, allowed);
    if (n > 0 && n <= KEY_MAX && key[n] == '\0' && *key != '.' && *key != '-' && *key != ':')
        return key;
    (void)refuse_value(r, MC_E_ARG, "key: 1 to %d letters, digits and _ : . - beginning with a letter, a digit or _",
                       KEY_MAX);
    return NULL;
}

/* JSON as it is, other text as a string; bytes that are no text have no form here. */
static void write_value(request *r, const char *value, size_t size)
{
    json_t *json = json_loadb(value, size, ANY_JSON, NULL);
    json_t *string = json ? NULL : json_stringn(value, size);
    put_open(&r->out, NULL, '{');
    put_text(&r->out, "key", r->segments[1]);
    if (json)
        put_raw(&r->out, "value", value, size);
    else
        put_text(&r->out, "value", string && strlen(value) == size ? value : NULL);
    put_int(&r->out, "bytes", (int64_t)size);
    end_answer(r);
    json_decref(json);
    json_decref(string);
}

void get_value(request *r)
{
    const char *key = key_of(r);
    char *value = NULL;
    size_t size = 0;
    mc_info info;
    mc_error err;
    if (!key)
        return;
    mc_status st = mc_get_or_load(r->app->cached, key, 0, NULL, NULL, &value, &size, &info, &err);
    answered(r, &info);
    if (st)
        refuse_status(r, st, &err);
    else
        write_value(r, value, size);
    mc_free(value);
}

void put_value(request *r)
{
    const char *key = key_of(r);
    const char *body = r->body ? r->body : "";
    int64_t ttl_ms;
    mc_info info;
    mc_error err;
    json_error_t why;
    if (!key || !param_int(r, "ttl_ms", 0, 1, TTL_MAX, &ttl_ms))
        return;
    json_t *json = json_loadb(body, r->body_size, ANY_JSON | JSON_REJECT_DUPLICATES, &why);
    if (!json) {
        (void)refuse_value(r, MC_E_JSON, "body: %.200s (byte %d)", why.text, why.position);
        return;
    }
    json_decref(json);
    mc_status st = mc_put(r->app->cached, key, body, r->body_size, ttl_ms, &info, &err);
    no_content(r, st, &info, &err);
}

void remove_value(request *r)
{
    const char *key = key_of(r);
    mc_info info;
    mc_error err;
    if (!key)
        return;
    mc_status st = mc_remove(r->app->cached, key, &info, &err);
    no_content(r, st, &info, &err);
}
