/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the shape of a generated film. Shares, lengths and values follow statistics of the real collection: field shares,
 * text lengths and array lengths of a sample; years, genres, ratings and the oddities (37 years that are text, 61 empty
 * ratings) of the whole, which is younger than the sample. Refuses nulls: a missing field is absent, as there.
 */
#include "generate.h"
#include "words.h"

#include <string.h>

#define POINTS(...)                                                                                                         \
    (const quantile_point[]){__VA_ARGS__}, sizeof((const quantile_point[]){__VA_ARGS__}) / sizeof(quantile_point)
#define DRAW(l, ...) prng_quantile((l), POINTS(__VA_ARGS__))

/* One film under way. */
typedef struct film {
    prng l;
    text *out;
    int64_t index;
    int64_t year;
    uint64_t seed;
} film;

/* 1 for `per_collection` of every 21,349 documents, evenly spread, the first one early. */
static int one_of(int64_t index, int64_t per_collection)
{
    int64_t at = index + GENERATE_MOVIES / per_collection - 10;
    return (at + 1) * per_collection / GENERATE_MOVIES != at * per_collection / GENERATE_MOVIES;
}

static void key(film *f, const char *name)
{
    text_add(f->out, ",\"");
    text_add(f->out, name);
    text_add(f->out, "\":");
}

static void word(film *f, const char *name, const char *value)
{
    key(f, name);
    text_json(f->out, value, strlen(value));
}

static void number(film *f, const char *name, int64_t value)
{
    key(f, name);
    text_int(f->out, value);
}

static int64_t draw_year(prng *l)
{
    /* films of each decade from 1900 to 2010 among 21,349 */
    static const uint32_t decades[] = {2, 13, 45, 238, 320, 391, 1000, 1300, 2100, 3700, 6300, 5940};
    int64_t decade = (int64_t)prng_weighted(l, decades, sizeof decades / sizeof *decades);
    if (decade == 0)
        return prng_between(l, 1903, 1909);
    return 1900 + decade * 10 + prng_between(l, 0, decade == 11 ? 5 : 9);
}

/* A list of different words from a weighted table. */
static void distinct_words(film *f, const char *name, const weighted_list *list, size_t n)
{
    size_t chosen[8];
    key(f, name);
    text_add(f->out, "[");
    for (size_t i = 0; i < n && i < 8; i++) {
        size_t at;
        int again;
        do {
            again = 0;
            at = prng_weighted(&f->l, list->weights, list->n);
            for (size_t k = 0; k < i; k++)
                again |= chosen[k] == at;
        } while (again);
        chosen[i] = at;
        text_add(f->out, i ? "," : "");
        text_json(f->out, list->words[at], strlen(list->words[at]));
    }
    text_add(f->out, "]");
}

/* What a writer did; most say so in brackets. */
static const char *const credits[] = {
    "",
    "",
    " (from a story by)",
    " (screenplay)",
    " (screenplay)",
    " (screenplay)",
    " (story)",
    " (story)",
    " (novel)",
    " (novel)",
    " (play)",
    " (based on the novel by)",
    " (dialogue)",
    " (adaptation)",
    " (original screenplay)",
    " (additional dialogue)",
};

static void people(film *f, const char *name, size_t n, int credited)
{
    text person = {0};
    key(f, name);
    text_add(f->out, "[");
    for (size_t i = 0; i < n; i++) {
        text_clear(&person);
        generate_person(&f->l, &person);
        if (credited)
            text_add(&person, credits[prng_below(&f->l, (uint32_t)(sizeof credits / sizeof *credits))]);
        text_add(f->out, i ? "," : "");
        if (!person.failed)
            text_json(f->out, person.data, person.n);
        f->out->failed |= person.failed;
    }
    text_add(f->out, "]");
    text_free(&person);
}

static void cast_and_comments(film *f, int64_t comments)
{
    static const uint32_t cast_sizes[] = {18, 9, 11, 1049};
    if (prng_chance(&f->l, 9900))
        people(f, "cast", prng_weighted(&f->l, cast_sizes, 4) + 1, 0);
    if (comments >= 0)
        number(f, "num_mflix_comments", comments);
}

static void directors(film *f)
{
    static const uint32_t sizes[] = {960, 102, 14, 10, 5, 1, 5, 0, 0, 0, 1};
    people(f, "directors", prng_weighted(&f->l, sizes, sizeof sizes / sizeof *sizes) + 1, 0);
}

static void writers(film *f)
{
    static const uint32_t sizes[] = {143, 346, 292, 143, 75, 36, 15, 12, 5, 2, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    if (prng_chance(&f->l, 9772))
        people(f, "writers", prng_weighted(&f->l, sizes, sizeof sizes / sizeof *sizes) + 1, 1);
}

static void iso_date(text *t, int64_t year, int64_t month, int64_t day, int64_t second_of_day)
{
    text_add(t, "{\"$date\":\"");
    text_padded(t, year, 4);
    text_add(t, "-");
    text_padded(t, month, 2);
    text_add(t, "-");
    text_padded(t, day, 2);
    text_add(t, "T");
    text_padded(t, second_of_day / 3600, 2);
    text_add(t, ":");
    text_padded(t, second_of_day / 60 % 60, 2);
    text_add(t, ":");
    text_padded(t, second_of_day % 60, 2);
    text_add(t, "Z\"}");
}

/* A date within the years, at a time of day when `timed`. One draw a line: arguments are evaluated in no fixed order. */
static void drawn_date(film *f, int64_t first, int64_t last, int64_t first_month, int64_t last_month, int timed)
{
    int64_t chosen = prng_between(&f->l, first, last);
    int64_t month = prng_between(&f->l, first_month, last_month);
    int64_t day = prng_between(&f->l, 1, 28);
    iso_date(f->out, chosen, month, day, timed ? prng_between(&f->l, 0, 86399) : 0);
}

static void released(film *f)
{
    int64_t month = prng_between(&f->l, 1, 12), day = prng_between(&f->l, 1, 28);
    if (!prng_chance(&f->l, 9636))
        return;
    key(f, "released");
    if (f->year >= 1970) {
        iso_date(f->out, f->year, month, day, 0);
        return;
    }
    text_add(f->out, "{\"$date\":{\"$numberLong\":\""); /* how Extended JSON writes what lies before 1970 */
    text_int(f->out, generate_days(f->year, month, day) * 86400000);
    text_add(f->out, "\"}}");
}

static void poster(film *f)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    int64_t size = DRAW(&f->l, {0, 105}, {100, 109}, {1000, 109}, {1800, 110}, {2500, 132}, {5000, 141}, {7500, 141},
                        {9000, 149}, {9500, 157}, {10000, 164});
    if (!prng_chance(&f->l, 8306))
        return;
    key(f, "poster");
    text_add(f->out, "\"https://posters.example.org/films/large/");
    for (int64_t i = 40 + 31; i < size; i++)
        text_add_n(f->out, &letters[prng_below(&f->l, sizeof letters - 1)], 1);
    text_add(f->out, "@._V1_SY1000_SX677_AL_large.jpg\"");
}

/* "Won 2 ... Another 3 wins & 1 nomination.": the words count what the numbers say. */
static void awards_text(film *f, int64_t wins, int64_t nominations)
{
    static const char *const prizes[] = {"Oscar", "Golden Globe", "BAFTA Film Award", "Golden Lion", "Silver Bear"};
    text *t = f->out;
    int famous = wins + nominations > 2 && prng_chance(&f->l, 8500);
    if (famous) {
        text_add(t, wins > 1 ? "Won 1 " : "Nominated for 1 ");
        text_add(t, prizes[prng_below(&f->l, 5)]);
        text_add(t, ". Another ");
    }
    if (wins > 0) {
        text_int(t, wins);
        text_add(t, wins == 1 ? " win" : " wins");
    }
    if (nominations > 0) {
        text_add(t, wins > 0 ? " & " : "");
        text_int(t, nominations);
        text_add(t, nominations == 1 ? " nomination" : " nominations");
    }
    text_add(t, ".");
}

static void awards(film *f)
{
    int64_t wins = DRAW(&f->l, {0, 0}, {2500, 0}, {2600, 1}, {7000, 1}, {7500, 3}, {9000, 5}, {9900, 13}, {10000, 23});
    int64_t nominations = DRAW(&f->l, {0, 0}, {4900, 0}, {5000, 1}, {7500, 2}, {9000, 4}, {9900, 10}, {10000, 16});
    if (wins + nominations == 0)
        wins = 1; /* the collection holds films with an award only */
    key(f, "awards");
    text_add(f->out, "{\"wins\":");
    text_int(f->out, wins);
    number(f, "nominations", nominations);
    key(f, "text");
    text_add(f->out, "\"");
    awards_text(f, wins, nominations);
    text_add(f->out, "\"}");
}

static void last_updated(film *f)
{
    text *t = f->out;
    int64_t second = prng_between(&f->l, 0, 86399);
    key(f, "lastupdated");
    text_add(t, "\"2015-");
    text_padded(t, prng_between(&f->l, 4, 9), 2);
    text_add(t, "-");
    text_padded(t, prng_between(&f->l, 1, 28), 2);
    text_add(t, " ");
    text_padded(t, second / 3600, 2);
    text_add(t, ":");
    text_padded(t, second / 60 % 60, 2);
    text_add(t, ":");
    text_padded(t, second % 60, 2);
    text_add(t, ".");
    text_padded(t, prng_between(&f->l, 0, 999), 3);
    text_add(t, "000000\"");
}

static void year(film *f)
{
    key(f, "year");
    if (!one_of(f->index, 37)) {
        text_int(f->out, f->year);
        return;
    }
    text_add(f->out, "\""); /* a series: from a year on, sometimes to a year */
    text_int(f->out, f->year);
    text_add(f->out, "è");
    if (prng_chance(&f->l, 1600))
        text_int(f->out, f->year + prng_between(&f->l, 1, 6));
    text_add(f->out, "\"");
}

static void imdb(film *f)
{
    int64_t rating = DRAW(&f->l, {0, 16}, {100, 34}, {500, 48}, {1000, 54}, {2500, 62}, {5000, 68}, {7500, 74}, {9000, 79},
                          {9500, 82}, {9900, 86}, {10000, 96});
    int64_t votes = DRAW(&f->l, {0, 10}, {100, 25}, {500, 95}, {1000, 172}, {2500, 515}, {5000, 1315}, {7500, 4186},
                         {9000, 12938}, {9500, 36573}, {9900, 123603}, {10000, 354005});
    key(f, "imdb");
    text_add(f->out, "{\"rating\":");
    if (one_of(f->index, 61)) {
        text_add(f->out, "\"\",\"votes\":\"\"");
    } else {
        text_tenths(f->out, rating);
        number(f, "votes", votes);
    }
    number(f, "id", 439 + f->index * 29 + prng_between(&f->l, 0, 28));
    text_add(f->out, "}");
}

static int64_t reviews(film *f)
{
    return DRAW(&f->l, {0, 0}, {600, 0}, {1000, 43}, {2500, 154}, {5000, 588}, {7500, 2892}, {9000, 9080}, {9900, 215785},
                {10000, 872115});
}

static void viewer(film *f)
{
    text *t = f->out;
    text_add(t, "\"viewer\":{\"rating\":");
    text_tenths(t, DRAW(&f->l, {0, 0}, {550, 0}, {600, 28}, {1000, 31}, {2500, 34}, {5000, 36}, {7500, 38}, {9000, 40},
                        {9900, 43}, {10000, 49}));
    number(f, "numReviews", reviews(f));
    if (prng_chance(&f->l, 9013))
        number(f, "meter",
               DRAW(&f->l, {0, 10}, {100, 28}, {1000, 47}, {2500, 60}, {5000, 75}, {7500, 83}, {9000, 90}, {9900, 100},
                    {10000, 100}));
    text_add(t, "}");
}

static void critic(film *f, int64_t all)
{
    text *t = f->out;
    key(f, "critic");
    text_add(t, "{");
    if (prng_chance(&f->l, 9891)) {
        text_add(t, "\"rating\":");
        text_tenths(t, DRAW(&f->l, {0, 20}, {100, 43}, {1000, 61}, {2500, 68}, {5000, 75}, {7500, 82}, {9000, 86},
                            {9900, 94}, {10000, 96}));
        number(f, "numReviews", all);
        number(f, "meter", DRAW(&f->l, {0, 0}, {500, 35}, {1000, 55}, {2500, 78}, {5000, 91}, {6500, 100}, {10000, 100}));
    } else {
        text_add(t, "\"numReviews\":");
        text_int(t, all);
    }
    text_add(t, "}");
}

static void sentence_of(film *f, const char *name, int64_t size)
{
    text prose = {0};
    generate_prose(&f->l, &prose, (size_t)size);
    key(f, name);
    generate_cut(f->out, &prose, (size_t)size, 0);
    text_free(&prose);
}

static void tomatoes(film *f)
{
    int reviewed = prng_chance(&f->l, 5013), produced = prng_chance(&f->l, 6350);
    int64_t all =
        DRAW(&f->l, {0, 1}, {100, 5}, {1000, 5}, {2500, 7}, {5000, 12}, {7500, 23}, {9000, 37}, {9900, 68}, {10000, 126});
    int64_t fresh = all * prng_between(&f->l, 60, 100) / 100;
    if (!prng_chance(&f->l, 9882))
        return;
    key(f, "tomatoes");
    text_add(f->out, "{");
    viewer(f);
    if (prng_chance(&f->l, 6922)) {
        key(f, "dvd");
        drawn_date(f, 1998, 2015, 1, 12, 0);
    }
    if (reviewed)
        critic(f, all);
    if (prng_chance(&f->l, 415))
        word(f, "website", "http://www.example.org/films/official-site/");
    if (prng_chance(&f->l, 36)) {
        key(f, "boxOffice");
        text_add(f->out, "\"$");
        text_tenths(f->out, prng_between(&f->l, 1, 900));
        text_add(f->out, "M\"");
    }
    key(f, "lastUpdated");
    drawn_date(f, 2015, 2015, 5, 9, 1);
    if (reviewed && prng_chance(&f->l, 1839))
        sentence_of(f, "consensus", DRAW(&f->l, {0, 65}, {100, 99}, {1000, 112}, {5000, 149}, {9000, 196}, {10000, 239}));
    if (reviewed)
        number(f, "rotten", all - fresh);
    if (produced)
        word(f, "production", pick(&f->l, &studios));
    if (reviewed)
        number(f, "fresh", fresh);
    text_add(f->out, "}");
}

/* Both plots are cut from one text, as the short one mostly is the beginning of the long one. */
static void plots(film *f, text *prose, int64_t *full_size)
{
    int64_t size = DRAW(&f->l, {0, 27}, {100, 50}, {500, 72}, {1000, 86}, {2500, 117}, {5000, 156}, {7500, 190}, {9000, 192},
                        {9500, 192}, {9900, 230}, {10000, 401});
    *full_size = DRAW(&f->l, {0, 27}, {100, 78}, {500, 174}, {1000, 214}, {2500, 302}, {5000, 439}, {7500, 609}, {9000, 885},
                      {9500, 1200}, {9900, 1790}, {10000, 2150});
    size += 4; /* cutting at a word loses some bytes */
    *full_size += 4;
    if (*full_size < size)
        *full_size = size; /* then both plots are one text */
    generate_prose(&f->l, prose, (size_t)(size > *full_size ? size : *full_size));
    if (prng_chance(&f->l, 9435)) {
        key(f, "plot");
        generate_cut(f->out, prose, (size_t)size, size >= 190);
        if (!prng_chance(&f->l, 9826))
            *full_size = 0;
    } else {
        *full_size = 0; /* no film has a long plot only */
    }
}

static void genres(film *f)
{
    static const uint32_t sizes[] = {241, 354, 500};
    if (prng_chance(&f->l, 9951))
        distinct_words(f, "genres", &genre_words, prng_weighted(&f->l, sizes, 3) + 1);
}

static void places_and_kind(film *f)
{
    static const uint32_t sizes[] = {1021, 67, 8, 2};
    distinct_words(f, "countries", &country_words, prng_weighted(&f->l, sizes, 4) + 1);
    word(f, "type", one_of(f->index, 37) ? "series" : "movie");
}

static void spoken(film *f)
{
    static const uint32_t sizes[] = {811, 173, 54, 22, 4, 4};
    if (prng_chance(&f->l, 9727))
        distinct_words(f, "languages", &language_words, prng_weighted(&f->l, sizes, 6) + 1);
}

static int64_t draw_comments(prng *l)
{
    if (!prng_chance(l, 6687)) /* absent in a third of the collection */
        return -1;
    return DRAW(l, {0, 0}, {6800, 0}, {6900, 1}, {9500, 1}, {9600, 2}, {9890, 2}, {9900, 84}, {10000, 161});
}

void generate_movie(uint64_t seed, int64_t index, text *out)
{
    film f = {prng_seed(seed, PRNG_MOVIE, (uint64_t)index), out, index, 0, seed};
    text title = {0}, prose = {0};
    int64_t full_size;
    f.year = draw_year(&f.l);
    int64_t comments = draw_comments(&f.l);
    int comments_last = prng_chance(&f.l, 2600); /* the two orders of fields that are common */
    text_clear(out);
    text_add(out, "{\"_id\":");
    generate_id(out, seed, index, 0x573a1390, 220);
    plots(&f, &prose, &full_size);
    genres(&f);
    if (prng_chance(&f.l, 9973))
        number(&f, "runtime",
               DRAW(&f.l, {0, 3}, {100, 8}, {500, 65}, {1000, 74}, {2500, 86}, {5000, 97}, {7500, 110}, {9000, 123},
                    {9500, 140}, {9900, 190}, {10000, 281}));
    if (prng_chance(&f.l, 146))
        number(&f, "metacritic", DRAW(&f.l, {0, 44}, {1000, 59}, {2500, 63}, {5000, 86}, {7500, 96}, {10000, 100}));
    if (prng_chance(&f.l, 6412))
        word(&f, "rated", pick_weighted(&f.l, f.year < 1968 ? &rated_old_words : &rated_new_words));
    cast_and_comments(&f, comments_last ? -1 : comments);
    poster(&f);
    generate_title(&title, seed, index);
    if (!title.failed)
        word(&f, "title", title.data);
    if (full_size > 0) {
        key(&f, "fullplot");
        generate_cut(out, &prose, (size_t)full_size, 0);
    }
    spoken(&f);
    released(&f);
    directors(&f);
    writers(&f);
    awards(&f);
    last_updated(&f);
    year(&f);
    imdb(&f);
    places_and_kind(&f);
    tomatoes(&f);
    if (comments_last && comments >= 0)
        number(&f, "num_mflix_comments", comments);
    text_add(out, "}");
    out->failed |= title.failed | prose.failed;
    text_free(&title);
    text_free(&prose);
}
