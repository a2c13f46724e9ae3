/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the search for theaters near a point. Refuses counts outside 1 to 1,000; the library refuses places that do not exist. */
#include "respond.h"
#include "router.h"

#include <stdio.h>
#include <stdlib.h>

static void write_theater(text *t, const mc_nearby *row)
{
    const mc_theater *m = row->theater;
    const char *second = mc_theater_street2(m);
    const char *first = mc_theater_street1(m);
    char street[512];
    int64_t number;
    put_open(t, NULL, '{');
    put_text(t, "id", mc_theater_id(m));
    if (mc_theater_number(m, &number) == MC_OK)
        put_int(t, "theater_id", number);
    else
        put_null(t, "theater_id");
    put_double(t, "distance_m", row->distance_m);
    put_double(t, "lon", row->lon);
    put_double(t, "lat", row->lat);
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
    size_t found = 0;
    mc_info info;
    mc_error err;
    if (!param_double(r, "lon", &lon) || !param_double(r, "lat", &lat) ||
        (param_text(r, "radius") && !param_double(r, "radius", &radius)) || !param_int(r, "n", 10, 1, 1000, &n))
        return;
    mc_nearby *rows = calloc((size_t)n, sizeof *rows);
    if (!rows) {
        refuse_status(r, MC_E_NOMEM, NULL);
        return;
    }
    mc_status st = mc_nearby_theaters(chosen(r), lon, lat, radius, n, rows, &found, &info, &err);
    answered(r, &info);
    if (st) {
        refuse_status(r, st, &err);
    } else {
        put_open(&r->out, NULL, '{');
        put_open(&r->out, "theaters", '[');
        for (size_t i = 0; i < found; i++)
            write_theater(&r->out, &rows[i]);
        put_close(&r->out, ']');
        end_answer(r);
    }
    mc_nearby_clear(rows, found);
    free(rows);
}
