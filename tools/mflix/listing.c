/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns reading the one list that the benchmark needs. Refuses what is no such list, members twice, and ids that hold a NUL or do not
 * fit.
 */
#include "listing.h"

#include <jansson.h>
#include <string.h>

int listing_ids(const char *data, size_t n, listing_fn fn, void *user)
{
    json_t *answer = json_loadb(data, n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *movies = json_object_get(answer, "movies");
    size_t i;
    const json_t *movie;
    int rc = json_is_array(movies) ? 0 : -1;
    json_array_foreach(movies, i, movie)
    {
        const json_t *id = json_object_get(movie, "id");
        int fits = json_is_string(id) && json_string_length(id) < LISTING_ID;
        rc = fits ? fn(json_string_value(id), user) : -1;
        if (rc)
            break;
    }
    json_decref(answer);
    return rc;
}
