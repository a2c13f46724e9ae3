/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's vocabulary: words of our own, the usual names of genres, countries and languages, and their weights. */
#ifndef MFLIX_WORDS_H
#define MFLIX_WORDS_H

#include "draw.h"

typedef struct word_list {
    const char *const *words;
    size_t n;
} word_list;

extern const word_list first_names, last_names, adjectives, nouns, places, roles, foreign_titles, foreign_nouns, studios,
    street_names;

/* Names with how often they are found; weights are counts, their sum is not fixed. */
typedef struct weighted_list {
    const char *const *words;
    const uint32_t *weights;
    size_t n;
} weighted_list;

extern const weighted_list genre_words, country_words, language_words, rated_old_words, rated_new_words;

/* A town for theaters: place, state, first three digits of the zip code, weight. */
typedef struct town {
    const char *name;
    const char *state;
    int32_t lon, lat; /* thousandths of a degree */
    int zip;
    uint32_t weight;
} town;
extern const town towns[];
extern const size_t n_towns;

const char *pick(prng *l, const word_list *list);
const char *pick_weighted(prng *l, const weighted_list *list);

#endif
