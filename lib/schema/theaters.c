/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: which fields of a theater are kept decoded, and their accessors. Refuses: anything about caching. */
#include "schema/theaters.h"

#include "schema/fields.h"

enum theater_field { F_NUMBER = 0, F_STREET1, F_STREET2, F_CITY, F_STATE, F_ZIPCODE, F_LON, F_LAT, F_COUNT };

static const mci_field fields[F_COUNT] = {
    [F_NUMBER] = {"theaterId", "theaterId", MCI_INT},
    [F_STREET1] = {"street1", "location.address.street1", MCI_STR},
    [F_STREET2] = {"street2", "location.address.street2", MCI_STR},
    [F_CITY] = {"city", "location.address.city", MCI_STR},
    [F_STATE] = {"state", "location.address.state", MCI_STR},
    [F_ZIPCODE] = {"zipcode", "location.address.zipcode", MCI_STR},
    [F_LON] = {"lon", "location.geo.coordinates.0", MCI_REAL},
    [F_LAT] = {"lat", "location.geo.coordinates.1", MCI_REAL},
};

#define SPEC(kind)                                                                                                          \
    {                                                                                                                       \
        .name = "theaters", .key = "theater", .fields = fields, .nfields = F_COUNT, .id_kind = (kind), .alias_field = -1,   \
        .rank_field = -1, .lon_field = F_LON, .lat_field = F_LAT, .fingerprint = 0x2d726c2f                                 \
    }

const mci_spec mci_theaters_spec[3] = {SPEC(MCI_ID_OBJECTID), SPEC(MCI_ID_STRING), SPEC(MCI_ID_AUTO)};

static const mci_doc *doc_of(const mc_theater *t)
{
    return (const mci_doc *)t;
}

static const char *text(const mc_theater *t, size_t field)
{
    return t == NULL ? NULL : mci_doc_text(doc_of(t), field);
}

const mc_theater *mc_theater_ref(const mc_theater *t)
{
    return t == NULL ? NULL : mci_theater_of(mci_doc_ref(doc_of(t)));
}

void mc_theater_unref(const mc_theater *t)
{
    mci_doc_unref(doc_of(t));
}

const char *mc_theater_id(const mc_theater *t)
{
    return t == NULL ? NULL : mci_doc_id(doc_of(t), NULL);
}

mc_status mc_theater_number(const mc_theater *t, int64_t *out)
{
    return mci_field_int(doc_of(t), F_NUMBER, out);
}

const char *mc_theater_street1(const mc_theater *t)
{
    return text(t, F_STREET1);
}

const char *mc_theater_street2(const mc_theater *t)
{
    return text(t, F_STREET2);
}

const char *mc_theater_city(const mc_theater *t)
{
    return text(t, F_CITY);
}

const char *mc_theater_state(const mc_theater *t)
{
    return text(t, F_STATE);
}

const char *mc_theater_zipcode(const mc_theater *t)
{
    return text(t, F_ZIPCODE);
}

mc_status mc_theater_location(const mc_theater *t, double *lon, double *lat)
{
    if (lon == NULL || lat == NULL)
        return MC_E_ARG;
    mc_status x = mci_field_number(doc_of(t), F_LON, lon);
    mc_status y = mci_field_number(doc_of(t), F_LAT, lat);
    return x != MC_OK ? x : y;
}
