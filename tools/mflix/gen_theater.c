/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the shape of a generated theater: an address in a real town, coordinates around it inside the box that the real
 * ones lie in, a second line of the street for 36 of 100, one place for several theaters now and then.
 */
#include "generate.h"
#include "words.h"

#include <string.h>

/* Millionths of a degree. */
#define LON_MIN (-157900000)
#define LON_MAX (-65900000)
#define LAT_MIN 18400000
#define LAT_MAX 61200000

typedef struct place {
    const town *town;
    int64_t lon, lat;
} place;

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

/* Where the theater is: about 6 of 100 share the place of an earlier one, as shops of one mall do. */
static place find_place(uint64_t seed, int64_t index)
{
    uint32_t weights[128];
    place p;
    prng l = prng_seed(seed, PRNG_PLACE, (uint64_t)index);
    while (index > 0 && prng_chance(&l, 600)) {
        index = (int64_t)(prng_next(&l) % (uint64_t)index);
        l = prng_seed(seed, PRNG_PLACE, (uint64_t)index);
    }
    for (size_t i = 0; i < n_towns && i < 128; i++)
        weights[i] = towns[i].weight;
    p.town = &towns[prng_weighted(&l, weights, n_towns)];
    /* the sum of three even draws lies near the middle mostly: towns are dense inside */
    int64_t east = prng_between(&l, -200000, 200000); /* one draw a statement: operands have no fixed order */
    east += prng_between(&l, -200000, 200000);
    east += prng_between(&l, -100000, 100000);
    int64_t north = prng_between(&l, -150000, 150000);
    north += prng_between(&l, -150000, 150000);
    north += prng_between(&l, -80000, 80000);
    p.lon = clamp((int64_t)p.town->lon * 1000 + east, LON_MIN, LON_MAX);
    p.lat = clamp((int64_t)p.town->lat * 1000 + north, LAT_MIN, LAT_MAX);
    return p;
}

/* Millionths as a double is written: no zeros at the end, but one digit after the point. */
static void degrees(text *out, int64_t millionths)
{
    int64_t size = millionths < 0 ? -millionths : millionths;
    int64_t fraction = size % 1000000;
    int digits = 6;
    while (digits > 1 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    text_add(out, millionths < 0 ? "-" : "");
    text_int(out, size / 1000000);
    text_add(out, ".");
    text_padded(out, fraction, digits);
}

static void street(prng *l, text *out)
{
    static const char *const sides[] = {"N ", "S ", "E ", "W ", "", "", "", ""};
    text_add(out, "\"street1\":\"");
    text_int(out, prng_chance(l, 3000) ? prng_between(l, 10, 999) : prng_between(l, 1000, 19999));
    text_add(out, " ");
    text_add(out, sides[prng_below(l, 8)]);
    text_add(out, pick(l, &street_names));
    text_add(out, "\"");
    if (prng_chance(l, 3555)) {
        static const char *const units[] = {"Ste ", "Ste A", "Ste B", "Unit ", "Space ", "Bldg "};
        text_add(out, ",\"street2\":\"");
        text_add(out, units[prng_below(l, 6)]);
        text_int(out, prng_between(l, 1, 1200));
        text_add(out, "\"");
    }
}

/* Five digits; four where a leading zero was lost on the way; five and four. */
static void zip_code(prng *l, text *out, const town *where)
{
    int64_t zip = (int64_t)where->zip * 100 + prng_between(l, 1, 99);
    text_add(out, ",\"zipcode\":\"");
    text_padded(out, zip, zip < 10000 && prng_chance(l, 1500) ? 4 : 5);
    if (prng_chance(l, 32)) {
        text_add(out, "-");
        text_padded(out, prng_between(l, 1, 9999), 4);
    }
    text_add(out, "\"}");
}

void generate_theater(uint64_t seed, int64_t index, text *out)
{
    prng l = prng_seed(seed, PRNG_THEATER, (uint64_t)index);
    place p = find_place(seed, index);
    text_clear(out);
    text_add(out, "{\"_id\":");
    generate_id(out, seed, index, 0x59a47286, 782);
    text_add(out, ",\"theaterId\":");
    text_int(out, 1000 + index * 5 + prng_between(&l, 0, 4));
    text_add(out, ",\"location\":{\"address\":{");
    street(&l, out);
    text_add(out, ",\"city\":");
    text_json(out, p.town->name, strlen(p.town->name));
    text_add(out, ",\"state\":\"");
    text_add(out, p.town->state);
    text_add(out, "\"");
    zip_code(&l, out, p.town);
    text_add(out, ",\"geo\":{\"type\":\"Point\",\"coordinates\":[");
    degrees(out, p.lon);
    text_add(out, ",");
    degrees(out, p.lat);
    text_add(out, "]}}}");
}
