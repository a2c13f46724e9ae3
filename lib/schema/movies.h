/* SPDX-License-Identifier: Apache-2.0 */
/* The movies of sample_mflix as a collection. */
#ifndef MCI_SCHEMA_MOVIES_H
#define MCI_SCHEMA_MOVIES_H

#include "base/doc.h"
#include <mflixcache/error.h>
#include <mflixcache/movies.h>

/* One for each mci_id_kind. Static: documents outlive the client they were read by. */
extern const mci_spec mci_movies_spec[3];

#define MCI_RATING_PATH "imdb.rating"

/* Is this a rating? -0.0 becomes 0. MC_OK or MC_E_RANGE. */
mc_status mci_movie_check_rating(double *rating, mc_error *err);

/* A movie is its document. */
static inline const mc_movie *mci_movie_of(const mci_doc *d)
{
    return (const mc_movie *)d;
}

#endif
