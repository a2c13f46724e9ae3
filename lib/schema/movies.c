/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: which fields of a movie are kept decoded, their accessors, and what a rating may be. Refuses: anything about caching. */
#include "schema/movies.h"

#include "base/error.h"
#include "schema/fields.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

enum movie_field {
    F_TITLE = 0,
    F_YEAR,
    F_RUNTIME,
    F_RATED,
    F_TYPE,
    F_GENRES,
    F_DIRECTORS,
    F_CAST,
    F_COUNTRIES,
    F_LANGUAGES,
    F_RELEASED,
    F_RATING,
    F_VOTES,
    F_IMDB_ID,
    F_POSTER,
    F_PLOT,
    F_COUNT
};

static const mci_field fields[F_COUNT] = {
    [F_TITLE] = {"title", "title", MCI_STR},
    [F_YEAR] = {"year", "year", MCI_INT},
    [F_RUNTIME] = {"runtime", "runtime", MCI_INT},
    [F_RATED] = {"rated", "rated", MCI_STR},
    [F_TYPE] = {"type", "type", MCI_STR},
    [F_GENRES] = {"genres", "genres", MCI_LIST},
    [F_DIRECTORS] = {"directors", "directors", MCI_LIST},
    [F_CAST] = {"cast", "cast", MCI_LIST},
    [F_COUNTRIES] = {"countries", "countries", MCI_LIST},
    [F_LANGUAGES] = {"languages", "languages", MCI_LIST},
    [F_RELEASED] = {"released", "released", MCI_DATE},
    [F_RATING] = {"rating", MCI_RATING_PATH, MCI_REAL},
    [F_VOTES] = {"votes", "imdb.votes", MCI_INT},
    [F_IMDB_ID] = {"imdb_id", "imdb.id", MCI_INT},
    [F_POSTER] = {"poster", "poster", MCI_STR},
    [F_PLOT] = {"plot", "plot", MCI_STR},
};

#define RATING_MIN 0.0
#define RATING_MAX 10.0

#define SPEC(kind)                                                                                                          \
    {                                                                                                                       \
        .name = "movies", .key = "movie", .fields = fields, .nfields = F_COUNT, .id_kind = (kind), .alias_field = F_TITLE,  \
        .rank_field = F_RATING, .lon_field = -1, .lat_field = -1, .rank_min = RATING_MIN, .rank_max = RATING_MAX,           \
        .fingerprint = 0xd46c053d                                                                                           \
    }

const mci_spec mci_movies_spec[3] = {SPEC(MCI_ID_OBJECTID), SPEC(MCI_ID_STRING), SPEC(MCI_ID_AUTO)};

mc_status mci_movie_check_rating(double *rating, mc_error *err)
{
    if (!(*rating >= RATING_MIN && *rating <= RATING_MAX)) /* NaN fails both */
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "rating must be a number from %g to %g", RATING_MIN, RATING_MAX);
    *rating = fabs(*rating); /* -0.0 is 0 */
    return MC_OK;
}

static const mci_doc *doc_of(const mc_movie *m)
{
    return (const mci_doc *)m;
}

static const char *text(const mc_movie *m, size_t field)
{
    return m == NULL ? NULL : mci_doc_text(doc_of(m), field);
}

static mc_status small_int(const mc_movie *m, size_t field, int *out)
{
    if (out == NULL)
        return MC_E_ARG;
    *out = 0;
    int64_t v = 0;
    mc_status st = mci_field_int(doc_of(m), field, &v);
    if (st == MC_OK && (v < INT_MIN || v > INT_MAX))
        return MC_E_TYPE;
    if (st == MC_OK)
        *out = (int)v;
    return st;
}

static size_t count(const mc_movie *m, size_t field)
{
    const mci_val *v = m == NULL ? NULL : mci_doc_val(doc_of(m), field);
    return v != NULL && v->kind == MCI_LIST ? v->len : 0;
}

static const char *item(const mc_movie *m, size_t field, size_t i)
{
    return i < count(m, field) ? mci_doc_item(doc_of(m), field, i) : NULL;
}

const mc_movie *mc_movie_ref(const mc_movie *m)
{
    return m == NULL ? NULL : mci_movie_of(mci_doc_ref(doc_of(m)));
}

void mc_movie_unref(const mc_movie *m)
{
    mci_doc_unref(doc_of(m));
}

const char *mc_movie_id(const mc_movie *m)
{
    return m == NULL ? NULL : mci_doc_id(doc_of(m), NULL);
}

const char *mc_movie_title(const mc_movie *m)
{
    return text(m, F_TITLE);
}

const char *mc_movie_plot(const mc_movie *m)
{
    return text(m, F_PLOT);
}

const char *mc_movie_poster(const mc_movie *m)
{
    return text(m, F_POSTER);
}

const char *mc_movie_rated(const mc_movie *m)
{
    return text(m, F_RATED);
}

const char *mc_movie_type(const mc_movie *m)
{
    return text(m, F_TYPE);
}

mc_status mc_movie_year_text(const mc_movie *m, char *buf, size_t size)
{
    if (buf == NULL || size == 0)
        return MC_E_ARG;
    buf[0] = '\0';
    const mci_val *v = m == NULL ? NULL : mci_doc_val(doc_of(m), F_YEAR);
    if (v == NULL || v->kind == MCI_ABSENT)
        return MC_NOT_FOUND;
    int64_t year = 0;
    if (v->kind == MCI_STR)
        (void)snprintf(buf, size, "%s", text(m, F_YEAR));
    else if (mci_field_int(doc_of(m), F_YEAR, &year) == MC_OK)
        (void)snprintf(buf, size, "%lld", (long long)year);
    return MC_OK;
}

mc_status mc_movie_year(const mc_movie *m, int *out)
{
    mc_status st = small_int(m, F_YEAR, out);
    const char *p = text(m, F_YEAR);
    if (st != MC_E_TYPE || p == NULL)
        return st;
    int year = 0;
    int digits = 0;
    for (; *p >= '0' && *p <= '9' && digits < 6; p++, digits++)
        year = year * 10 + (*p - '0');
    if (digits == 0)
        return MC_E_TYPE;
    *out = year;
    return MC_OK;
}

mc_status mc_movie_runtime(const mc_movie *m, int *out)
{
    return small_int(m, F_RUNTIME, out);
}

mc_status mc_movie_rating(const mc_movie *m, double *out)
{
    return mci_field_number(doc_of(m), F_RATING, out);
}

mc_status mc_movie_votes(const mc_movie *m, int64_t *out)
{
    return mci_field_int(doc_of(m), F_VOTES, out);
}

mc_status mc_movie_released(const mc_movie *m, int64_t *out)
{
    return mci_field_int(doc_of(m), F_RELEASED, out);
}

size_t mc_movie_genre_count(const mc_movie *m)
{
    return count(m, F_GENRES);
}

const char *mc_movie_genre(const mc_movie *m, size_t i)
{
    return item(m, F_GENRES, i);
}

size_t mc_movie_director_count(const mc_movie *m)
{
    return count(m, F_DIRECTORS);
}

const char *mc_movie_director(const mc_movie *m, size_t i)
{
    return item(m, F_DIRECTORS, i);
}

size_t mc_movie_cast_count(const mc_movie *m)
{
    return count(m, F_CAST);
}

const char *mc_movie_cast(const mc_movie *m, size_t i)
{
    return item(m, F_CAST, i);
}

size_t mc_movie_country_count(const mc_movie *m)
{
    return count(m, F_COUNTRIES);
}

const char *mc_movie_country(const mc_movie *m, size_t i)
{
    return item(m, F_COUNTRIES, i);
}

size_t mc_movie_language_count(const mc_movie *m)
{
    return count(m, F_LANGUAGES);
}

const char *mc_movie_language(const mc_movie *m, size_t i)
{
    return item(m, F_LANGUAGES, i);
}

mc_status mc_movie_imdb_id(const mc_movie *m, int64_t *out)
{
    return mci_field_int(m == NULL ? NULL : doc_of(m), F_IMDB_ID, out);
}

mc_status mc_movie_json(const mc_movie *m, mc_bytes *out)
{
    if (out == NULL)
        return MC_E_ARG;
    *out = (mc_bytes){0};
    if (m != NULL)
        out->data = mci_doc_json(doc_of(m), &out->size);
    return out->data != NULL ? MC_OK : MC_NOT_FOUND;
}
