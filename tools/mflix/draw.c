/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the generator's random numbers and its text buffer. Refuses floating point: its last digits differ between machines. */
#include "draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_CEILING ((size_t)1 << 20) /* far above any generated document */

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

prng prng_seed(uint64_t seed, uint64_t kind, uint64_t index)
{
    prng l = {mix(mix(seed + UINT64_C(0x9E3779B97F4A7C15)) ^ (kind << 56) ^ index)};
    return l;
}

uint64_t prng_next(prng *l)
{
    l->state += UINT64_C(0x9E3779B97F4A7C15);
    return mix(l->state);
}

uint32_t prng_below(prng *l, uint32_t n)
{
    return (uint32_t)(((prng_next(l) >> 32) * n) >> 32);
}

int64_t prng_between(prng *l, int64_t low, int64_t high)
{
    return low + (int64_t)prng_below(l, (uint32_t)(high - low + 1));
}

int prng_chance(prng *l, uint32_t per_10000)
{
    return prng_below(l, 10000) < per_10000;
}

int64_t prng_quantile(prng *l, const quantile_point *points, size_t n)
{
    int64_t at = (int64_t)prng_below(l, 10001);
    int64_t fine = (int64_t)prng_below(l, 1000); /* between two of the 10,001 places, for the steep ends */
    for (size_t i = 1; i < n; i++) {
        if (at < points[i].per_10000 || i + 1 == n) {
            int64_t width = (points[i].per_10000 - points[i - 1].per_10000) * 1000;
            int64_t into = (at - points[i - 1].per_10000) * 1000 + fine;
            into = into > width ? width : into;
            return points[i - 1].value + (points[i].value - points[i - 1].value) * into / width;
        }
    }
    return points[0].value;
}

size_t prng_weighted(prng *l, const uint32_t *weights, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    uint32_t at = prng_below(l, sum);
    for (size_t i = 0; i + 1 < n; i++) {
        if (at < weights[i])
            return i;
        at -= weights[i];
    }
    return n - 1;
}

void text_clear(text *t)
{
    t->n = 0;
}

void text_free(text *t)
{
    free(t->data);
    memset(t, 0, sizeof *t);
}

void text_add_n(text *t, const char *s, size_t n)
{
    if (t->failed)
        return;
    if (t->n + n + 1 > t->capacity) {
        size_t capacity = t->capacity ? t->capacity : 4096;
        while (capacity < t->n + n + 1 && capacity <= TEXT_CEILING)
            capacity *= 2;
        char *grown = capacity <= TEXT_CEILING ? realloc(t->data, capacity) : NULL;
        if (!grown) {
            t->failed = 1;
            return;
        }
        t->data = grown;
        t->capacity = capacity;
    }
    memcpy(t->data + t->n, s, n);
    t->n += n;
    t->data[t->n] = '\0';
}

void text_add(text *t, const char *s)
{
    text_add_n(t, s, strlen(s));
}

void text_int(text *t, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    text_add(t, digits);
}

void text_padded(text *t, int64_t value, int digits)
{
    char padded[24];
    snprintf(padded, sizeof padded, "%0*" PRId64, digits, value);
    text_add(t, padded);
}

void text_tenths(text *t, int64_t tenths)
{
    text_int(t, tenths / 10);
    text_add(t, ".");
    text_int(t, tenths % 10);
}

void text_json(text *t, const char *s, size_t n)
{
    size_t from = 0;
    text_add(t, "\"");
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '"' && s[i] != '\\')
            continue;
        text_add_n(t, s + from, i - from);
        text_add(t, "\\");
        from = i;
    }
    text_add_n(t, s + from, n - from);
    text_add(t, "\"");
}
