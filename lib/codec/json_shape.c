/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: one pass over a text that counts brackets, colons and commas outside of strings. Pure. */
#include "codec/json_shape.h"

#include "codec/json_limits.h"

mci_shape mci_shape_measure(const char *json, size_t len, int limit)
{
    mci_shape s = {0};
    int depth = 0;
    for (size_t i = 0; i < len; i++) {
        char c = json[i];
        if (c == '"') {
            for (i++; i < len && json[i] != '"'; i++)
                i += json[i] == '\\';
        } else if (c == '{' || c == '[') {
            *(c == '{' ? &s.objects : &s.arrays) += 1;
            if (++depth > s.depth)
                s.depth = depth;
            if (depth > limit)
                break;
        } else if (c == '}' || c == ']') {
            depth--;
        } else if (c == ':') {
            s.members++;
        } else if (c == ',') {
            s.separators++;
        }
    }
    return s;
}

/* The parser makes a table of eight places for an empty object already. */
size_t mci_shape_bytes(const mci_shape *s)
{
    return s->objects * 240 + s->arrays * 144 + s->members * 96 + (s->separators + s->objects + s->arrays) * 48;
}

size_t mci_shape_most(int stored, size_t len)
{
    return stored ? MCI_JSON_STORED_TREE_BASE + MCI_JSON_STORED_TREE_FACTOR * len
                  : MCI_JSON_TREE_BASE + MCI_JSON_TREE_FACTOR * len;
}
