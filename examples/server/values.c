/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how values are read from the query and from the body. Refuses numbers with anything around them, hexadecimal ones,
 * nan and inf; and a body that is not exactly the object that was asked for.
 */
#include "request.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *param_text(const request *r, const char *name)
{
    for (size_t i = 0; i < r->n_params; i++)
        if (strcmp(r->params[i].name, name) == 0)
            return r->params[i].value;
    return NULL;
}

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

int param_int(request *r, const char *name, int64_t fallback, int64_t low, int64_t high, int64_t *out)
{
    const char *s = param_text(r, name);
    *out = fallback;
    if (!s)
        return 1;
    const char *number = s + (*s == '-');
    if (digits(number) == 0 || number[digits(number)])
        return refuse_value(r, MC_E_ARG, "%s: not a whole number: \"%.40s\"", name, s);
    long long value = strtoll(s, NULL, 10); /* what does not fit becomes the largest there is, and is refused as such */
    if (value < low || value > high)
        return refuse_value(r, MC_E_RANGE, "%s: %.40s is not between %" PRId64 " and %" PRId64, name, s, low, high);
    *out = value;
    return 1;
}

/* A number as JSON writes it, leading zeros and a plus allowed. */
static int is_decimal(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = digits(s);
    s += whole;
    size_t part = *s == '.' ? digits(s + 1) : 0;
    s += *s == '.' ? 1 + part : 0;
    if (whole + part == 0)
        return 0;
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        if (digits(s) == 0)
            return 0;
        s += digits(s);
    }
    return *s == '\0';
}

int param_double(request *r, const char *name, double *out)
{
    const char *s = param_text(r, name);
    *out = 0;
    if (!s)
        return refuse_value(r, MC_E_ARG, "%s: must be given", name);
    if (!is_decimal(s))
        return refuse_value(r, MC_E_ARG, "%s: not a number: \"%.40s\"", name, s);
    *out = strtod(s, NULL); /* the program never leaves the locale "C"; what overflows is refused by the library */
    return 1;
}

int body_rating(request *r, double *out)
{
    json_error_t why;
    json_t *body = json_loadb(r->body ? r->body : "", r->body_size, JSON_REJECT_DUPLICATES, &why);
    int ok = 0;
    *out = 0;
    if (!body)
        ok = refuse_value(r, MC_E_JSON, "body: %.200s (byte %d)", why.text, why.position);
    else if (!json_is_object(body) || json_object_size(body) != 1 || !json_object_get(body, "rating"))
        ok = refuse_value(r, MC_E_FIELD, "body: must be an object with the one member \"rating\"");
    else if (!json_is_number(json_object_get(body, "rating")))
        ok = refuse_value(r, MC_E_TYPE, "rating: must be a number");
    else
        ok = 1;
    if (ok)
        *out = json_number_value(json_object_get(body, "rating"));
    json_decref(body);
    return ok;
}
