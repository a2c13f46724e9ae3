/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the generator's language: names, titles, plots, ids. All words come from words.c. */
#include "generate.h"
#include "words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void generate_id(text *out, uint64_t seed, int64_t index, int64_t begun, int64_t per_second)
{
    char id[32];
    prng of_seed = prng_seed(seed, PRNG_ID, 0);
    prng of_index = prng_seed(seed, PRNG_ID, (uint64_t)index + 1);
    unsigned machine = prng_below(&of_seed, 1u << 24); /* two seeds never share an id */
    int64_t counter = index * 7 + prng_between(&of_index, 0, 6);
    snprintf(id, sizeof id, "%08llx6d66%06x%06llx", (unsigned long long)(begun + index / per_second), machine,
             (unsigned long long)counter & 0xFFFFFF);
    text_add(out, "{\"$oid\":\"");
    text_add(out, id);
    text_add(out, "\"}");
}

void generate_person(prng *l, text *out)
{
    text_add(out, pick(l, &first_names));
    text_add(out, " ");
    if (prng_chance(l, 1500)) { /* a middle initial */
        char initial[4] = {(char)('A' + (int)prng_below(l, 26)), '.', ' ', '\0'};
        text_add(out, initial);
    }
    text_add(out, pick(l, &last_names));
    if (prng_chance(l, 200))
        text_add(out, " Jr.");
}

/* Sentences: %r somebody, %R the same at the beginning, %n a thing, %a what it is like, %p a place, %f a name. */
static const char *const sentences[] = {
    "%R finds an old %n in %p and cannot leave it alone.",
    "%R comes to %p to sell the %n, but %f has other plans.",
    "In a %a %n on the edge of %p, %r waits for news of the %n.",
    "When the %a %n disappears, %r and %f are the only ones who believe it was no accident.",
    "Everybody in %p remembers the %n differently.",
    "%f has one week to bring the %n home before the %a season begins.",
    "They call it \"the %a %n\", and nobody who went looking for it came back the same.",
    "A %a friendship between %r and %r is put to the test.",
    "What begins as a joke about a %n soon divides the whole of %p.",
    "%R takes the blame for %f and loses the %n, the house and very nearly the case.",
    "Years later, %f returns to %p with a %a secret and a %n nobody asked for.",
    "The road to %p is long, the %n is %a, and the money runs out on the first day.",
    "%R must choose between the %n and a %a promise made to %f.",
    "Meanwhile %r follows the %n from %p to %p, always one train behind.",
    "It is %f who opens the door, and it is %f who cannot close it again.",
    "A %a comedy about %r, a %n and the worst winter in the history of %p.",
    "Nothing is quite what it seems: the %n is %a, the letters are forged, and %f has never been to %p.",
    "Between the %a %n and the sea lies everything that %r ever wanted.",
    "With the help of %r, %f builds a %n out of what the others threw away.",
    "The film follows %r through one %a night in %p.",
    "As the %n closes in, %r learns that courage is mostly a matter of sleep.",
    "Torn between duty and the %a %n, %f writes a letter that will never be sent.",
};

static void add_lower(text *out, const char *word)
{
    char c = (char)tolower((unsigned char)word[0]); /* all of these begin with a plain letter */
    text_add_n(out, &c, 1);
    text_add(out, word + 1);
}

static void add_upper(text *out, const char *word)
{
    char c = (char)toupper((unsigned char)word[0]);
    text_add_n(out, &c, 1);
    text_add(out, word + 1);
}

static void add_sentence(prng *l, text *out)
{
    const char *s = sentences[prng_below(l, (uint32_t)(sizeof sentences / sizeof *sentences))];
    for (; *s; s++) {
        size_t plain = strcspn(s, "%");
        text_add_n(out, s, plain);
        s += plain;
        if (*s == '\0')
            break;
        switch (*++s) {
        case 'r':
            text_add(out, pick(l, &roles));
            break;
        case 'R':
            add_upper(out, pick(l, &roles));
            break;
        case 'n':
            add_lower(out, pick(l, &nouns));
            break;
        case 'a':
            add_lower(out, pick(l, &adjectives));
            break;
        case 'p':
            text_add(out, pick(l, &places));
            break;
        default:
            text_add(out, pick(l, &first_names));
            break;
        }
    }
}

void generate_prose(prng *l, text *out, size_t size)
{
    while (out->n < size && !out->failed) {
        if (out->n > 0)
            text_add(out, " ");
        add_sentence(l, out);
    }
}

void generate_cut(text *out, const text *prose, size_t size, int dots)
{
    if (prose->failed || prose->n <= size) {
        text_json(out, prose->failed ? "" : prose->data, prose->failed ? 0 : prose->n);
        return;
    }
    size_t n = size > 3 ? size - (dots ? 3 : 1) : size;
    while (n > 0 && prose->data[n] != ' ') /* a cut at a blank never splits a character */
        n--;
    if (n == 0)
        n = strcspn(prose->data, " "); /* shorter than the first word: the word it is */
    while (n > 1 && strchr(" .,:\"", prose->data[n - 1]))
        n--;
    text cut = {0};
    text_add_n(&cut, prose->data, n);
    text_add(&cut, dots ? " ..." : ".");
    if (!cut.failed)
        text_json(out, cut.data, cut.n);
    out->failed |= cut.failed;
    text_free(&cut);
}

static void fresh_title(prng *l, text *out)
{
    static const char *const numerals[] = {" II", " III", " IV"};
    static const uint32_t patterns[] = {1500, 1200, 900, 800, 1100, 800, 900, 300, 400, 60, 1000, 1040};
    const char *a = pick(l, &adjectives), *n = pick(l, &nouns);
    switch (prng_weighted(l, patterns, sizeof patterns / sizeof *patterns)) {
    case 0:
        text_add(out, "The ");
        /* fall through */
    case 1:
        text_add(out, a);
        text_add(out, " ");
        text_add(out, n);
        break;
    case 2:
        text_add(out, "The ");
        text_add(out, n);
        text_add(out, " of ");
        text_add(out, pick(l, &places));
        break;
    case 3:
        text_add(out, pick(l, &first_names));
        text_add(out, " and ");
        text_add(out, pick(l, &first_names));
        break;
    case 4:
        text_add(out, pick(l, &first_names));
        text_add(out, "'s ");
        text_add(out, n);
        break;
    case 5:
        text_add(out, n);
        text_add(out, " in ");
        text_add(out, pick(l, &places));
        break;
    case 6:
        text_add(out, a);
        text_add(out, " ");
        text_add(out, pick(l, &nouns));
        text_add(out, ", ");
        text_add(out, pick(l, &adjectives));
        text_add(out, " ");
        text_add(out, n);
        break;
    case 7:
        text_add(out, pick(l, &foreign_titles));
        text_add(out, " ");
        text_add(out, pick(l, &foreign_nouns));
        if (prng_chance(l, 6500)) {
            text_add(out, " ");
            text_add(out, pick(l, &last_names));
        }
        break;
    case 8:
        generate_person(l, out);
        break;
    case 9:
        text_add(out, "How ");
        generate_person(l, out);
        text_add(out, " Lost the ");
        text_add(out, a);
        text_add(out, " ");
        text_add(out, n);
        text_add(out, " and Found Another in ");
        text_add(out, pick(l, &places));
        break;
    case 10:
        text_add(out, "The ");
        text_add(out, n);
        text_add(out, " and the ");
        text_add(out, pick(l, &nouns));
        break;
    default:
        text_add(out, a[0] < 'N' ? "A Song for " : "Waiting for ");
        generate_person(l, out);
        break;
    }
    if (prng_chance(l, 150))
        text_add(out, numerals[prng_below(l, 3)]);
}

void generate_title(text *out, uint64_t seed, int64_t index)
{
    prng l = prng_seed(seed, PRNG_TITLE, (uint64_t)index);
    while (index > 0 && prng_chance(&l, 80)) { /* a new film under an old title */
        index = (int64_t)(prng_next(&l) % (uint64_t)index);
        l = prng_seed(seed, PRNG_TITLE, (uint64_t)index);
    }
    fresh_title(&l, out);
}

int64_t generate_days(int64_t year, int64_t month, int64_t day)
{
    int64_t y = year - (month <= 2); /* the year begins in March: the leap day is its last */
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
