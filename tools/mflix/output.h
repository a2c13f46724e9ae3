/* SPDX-License-Identifier: Apache-2.0 */
/* What answers look like: for people, and as members of a JSON object. */
#ifndef MFLIX_OUTPUT_H
#define MFLIX_OUTPUT_H

#include "app.h"
#include "json_out.h"

#define YEAR_TEXT 64 /* enough for any year; longer ones are cut */

/* Text from a document, made safe for a terminal: control characters are shown as '?'. NULL prints "-". */
void print_safe(FILE *f, const char *text);

/* The same in at most `columns` columns, padded with blanks on the right; cut text ends in "…". */
void print_column(FILE *f, const char *text, int columns);

/* "0.142 ms", "1.52 s". */
const char *format_ns(char *buf, size_t size, double ns);
/* "12.3 s", "4 min 10 s". */
const char *format_age(char *buf, size_t size, int64_t ms);

/* Escape sequence of a colour name ("bold", "green", ...; NULL: back to normal), or "" where colours are off. */
const char *paint(const app *a, const char *name);

/* The line that says how the cache took part: "HIT · redis · age 1.2 s · 0.142 ms · 1 round trip". Not with --quiet. */
void print_info(const app *a, const mc_info *info);

/* A movie for people: title, year, and a line for each field that is there. */
void print_movie(const app *a, const mc_movie *m);

/* Begin the object of an answer: {"command":...,"status":"MC_OK". The caller adds members and calls answer_end(). */
void answer_begin(json *j, const app *a, mc_status st);
void answer_end(json *j, const mc_info *info); /* info may be NULL */

void json_info(json *j, const char *key, const mc_info *info);
void json_movie(json *j, const char *key, const mc_movie *m);
/* The members most lists need: id, title, year, rating. */
void json_movie_short(json *j, const char *key, const mc_movie *m);

/* The name of an mc_cache_outcome in small letters: "hit", "miss", "bypass", "none". */
const char *cache_name(int outcome);

#endif
