/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up films and theaters with the shapes and statistics of the real collections: for trying the cache without the
 * real data. The same seed gives the same bytes everywhere; document `index` depends on the seed and the index alone.
 */
#ifndef MFLIX_GENERATE_H
#define MFLIX_GENERATE_H

#include "draw.h"

#define GENERATE_MOVIES 21349  /* size of the collection whose statistics were taken */
#define GENERATE_THEATERS 1564 /* the same */
#define GENERATE_MAX_MOVIES 2000000
#define GENERATE_MAX_THEATERS 1000000

/* Put one document into `out`, replacing what is there: one line of Extended JSON, without its newline. Ids ascend. */
void generate_movie(uint64_t seed, int64_t index, text *out);
void generate_theater(uint64_t seed, int64_t index, text *out);

/* ---- between the files of the generator ---- */

enum { PRNG_MOVIE = 1, PRNG_TITLE = 2, PRNG_THEATER = 3, PRNG_PLACE = 4, PRNG_ID = 5 };

/* {"$oid":"..."}; `begun` is the time of the first document, `per_second` how many share a second. */
void generate_id(text *out, uint64_t seed, int64_t index, int64_t begun, int64_t per_second);
void generate_title(text *out, uint64_t seed, int64_t index);
void generate_person(prng *l, text *out);

/* Sentences, at least `size` bytes of them. */
void generate_prose(prng *l, text *out, size_t size);
/* The first `size` bytes of some prose, cut at a word, as a JSON text; `dots`: ending in "..." when cut. */
void generate_cut(text *out, const text *prose, size_t size, int dots);

/* Days since 1970-01-01 of a date of the common calendar. */
int64_t generate_days(int64_t year, int64_t month, int64_t day);

#endif
