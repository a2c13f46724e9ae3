/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: finding the place of a path in a text in normal form, and putting another value there. Refuses, by giving up: objects that
 * mean something else ({"$date":...}), removals, and every text that is not as this library writes it.
 */
#include "codec/json_splice.h"

#include "base/json_string.h"

#include <string.h>

#define NEST 200 /* brackets open at a time inside a value that is passed over */

typedef struct place {
    const char *p;
    const char *end;
} place;

/* Past a text, from its quote on. 1 or 0. */
static int pass_text(place *at)
{
    for (at->p++;;) {
        at->p += mci_json_plain(at->p, (size_t)(at->end - at->p));
        if (at->p == at->end || (*at->p != '"' && *at->p != '\\'))
            return 0;
        if (*at->p == '"') {
            at->p++;
            return 1;
        }
        if (at->end - at->p < 2)
            return 0;
        at->p += 2;
    }
}

/* Past a value: up to the comma or bracket that ends it. Its brackets are counted, not understood. */
static int pass_value(place *at)
{
    const char *begin = at->p;
    int open = 0;
    while (at->p < at->end) {
        char c = *at->p;
        if (c == '"') {
            if (!pass_text(at))
                return 0;
            continue;
        }
        if (open == 0 && (c == ',' || c == '}' || c == ']'))
            return at->p > begin;
        if (c == '{' || c == '[')
            open++;
        else if (c == '}' || c == ']')
            open--;
        if (open > NEST)
            return 0;
        at->p++;
    }
    return 0;
}

/* In an object, from its bracket on: to the value of that name (1), or to the bracket that ends it (2; *empty: there is no member). */
static int to_member(place *at, const char *name, size_t n, int *empty)
{
    int first = 1;
    if (at->p == at->end || *at->p != '{')
        return 0;
    at->p++;
    for (;; at->p++, first = 0) {
        if (first && at->p < at->end && *at->p == '}') {
            *empty = 1;
            return 2;
        }
        const char *key = at->p + 1;
        if (at->p == at->end || *at->p != '"' || !pass_text(at))
            return 0;
        size_t key_len = (size_t)(at->p - 1 - key);
        if (first && key_len > 0 && *key == '$')
            return 0;
        if (at->p == at->end || *at->p++ != ':')
            return 0;
        if (key_len == n && memcmp(key, name, n) == 0)
            return 1;
        if (!pass_value(at))
            return 0;
        if (at->p < at->end && *at->p == '}') {
            *empty = 0;
            return 2;
        }
        if (at->p == at->end || *at->p != ',')
            return 0;
    }
}

/* A member that is not there yet: `path` is its name, or that of the outermost object that has to be made for it. */
static void put_member(mci_buf *out, const char *path, const mci_step *step)
{
    size_t objects = 0;
    for (;; objects++) {
        size_t n = strcspn(path, ".");
        mci_buf_json_string(out, path, n);
        mci_buf_char(out, ':');
        if (path[n] == '\0')
            break;
        mci_buf_char(out, '{');
        path += n + 1;
    }
    mci_buf_add(out, step->json, step->len);
    while (objects-- > 0)
        mci_buf_char(out, '}');
}

int mci_json_splice(const char *json, size_t len, const mci_step *step, mci_buf *out)
{
    place at = {json, json + len};
    const char *path = step->path;
    size_t path_len = strlen(path);
    int empty = 0;
    if (step->json == NULL || step->len == 0 || path_len == 0 || mci_json_plain(path, path_len) != path_len)
        return 0;
    for (;;) {
        size_t n = strcspn(path, ".");
        int found = to_member(&at, path, n, &empty);
        if (found == 0)
            return 0;
        const char *from = at.p;
        if (found == 2) {
            mci_buf_add(out, json, (size_t)(from - json));
            if (!empty)
                mci_buf_char(out, ',');
            put_member(out, path, step);
            break;
        }
        if (path[n] == '\0') {
            if (!pass_value(&at))
                return 0;
            mci_buf_add(out, json, (size_t)(from - json));
            mci_buf_add(out, step->json, step->len);
            break;
        }
        path += n + 1;
    }
    mci_buf_add(out, at.p, (size_t)(at.end - at.p));
    return !out->failed;
}
