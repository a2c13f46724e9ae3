/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the search for theaters near a point. Refuses counts outside 1 to 1,000; the library refuses places that do not exist. */
#include "respond.h"
#include "router.h"

#include <stdio.h>

static void write_theater(text *t, const mc_list *rows, size_t i)
{
    const mc_theater *m = mc_list_theater(rows, i);
    const char *second = mc_theater_street2(m);
    const char *first = mc_theater_street1(m);
    char street[512];
    int64_t number;
    double lon;
    double lat;
    mc_list_location(rows, i, &lon, &lat);
    put_open(t, NULL, '{');
    put_text(t, "id", mc_theater_id(m));
    if (mc_theater_number(m, &number) == MC_OK)
        put_int(t, "theater_id", number);
    else
        put_null(t, "theater_id");
    put_double(t, "distance_m", mc_list_distance_m(rows, i));
    put_double(t, "lon", lon);
    put_double(t, "lat", lat);
    snprintf(street, sizeof street, "%s%s%s", first ? first : "", first && second ? ", " : "", second ? second : "");
    put_text(t, "street", first || second ? street : NULL);
    put_text(t, "city", mc_theater_city(m));
    put_text(t, "state", mc_theater_state(m));
    put_text(t, "zipcode", mc_theater_zipcode(m));
    put_close(t, '}');
}

void get_near(request *r)
{
    double lon;
    double lat;
    double radius = 50000;
    int64_t n;
    mc_info info;
    mc_error err;
    if (!param_double(r, "lon", &lon) || !param_double(r, "lat", &lat) ||
        (param_text(r, "radius") && !param_double(r, "radius", &radius)) || !param_int(r, "n", 10, 1, 1000, &n))
        return;
    mc_list *rows = NULL;
    mc_status st = mc_nearby_theaters(chosen(r), lon, lat, radius, n, &rows, &info, &err);
    answered(r, &info);
    if (st) {
        refuse_status(r, st, &err);
    } else {
        put_open(&r->out, NULL, '{');
        put_open(&r->out, "theaters", '[');
        for (size_t i = 0; i < mc_list_size(rows); i++)
            write_theater(&r->out, rows, i);
        put_close(&r->out, ']');
        end_answer(r);
    }
    mc_list_free(rows);
}
