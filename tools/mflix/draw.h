/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers, and a growing text: what the generator is made of. Whole numbers only, so that the same seed gives the
 * same bytes on every machine and with every compiler. (Two draws in one expression would break that: C leaves their
 * order open.)
 */
#ifndef MFLIX_DRAW_H
#define MFLIX_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* A stream of numbers. Source: Sebastiano Vigna, splitmix64, public domain. */
typedef struct prng {
    uint64_t state;
} prng;

/* The stream of one document: depends on the three numbers alone, so document 7 is the same in 10 or 10,000. */
prng prng_seed(uint64_t seed, uint64_t kind, uint64_t index);
uint64_t prng_next(prng *l);
uint32_t prng_below(prng *l, uint32_t n);                 /* 0 to n - 1; n > 0 */
int64_t prng_between(prng *l, int64_t low, int64_t high); /* both included */
int prng_chance(prng *l, uint32_t per_10000);

/* A point of a distribution: so many of 10,000 are no larger than the value. Straight lines between the points. */
typedef struct quantile_point {
    int64_t per_10000;
    int64_t value;
} quantile_point;
int64_t prng_quantile(prng *l, const quantile_point *points, size_t n);

/* Place in a table of weights. */
size_t prng_weighted(prng *l, const uint32_t *weights, size_t n);

/* A text that grows. `failed` is set when memory ran out; then nothing is added any more. */
typedef struct text {
    char *data;
    size_t n;
    size_t capacity;
    int failed;
} text;
void text_clear(text *t);
void text_free(text *t);
void text_add_n(text *t, const char *s, size_t n);
void text_add(text *t, const char *s);
void text_int(text *t, int64_t value);
void text_padded(text *t, int64_t value, int digits); /* leading zeros */
void text_tenths(text *t, int64_t tenths);            /* 74 -> 7.4; always with a point, as doubles are written */
void text_json(text *t, const char *s, size_t n);     /* quoted; knows '"' and '\' only, which is what the words hold */

#endif
