/* SPDX-License-Identifier: Apache-2.0 */
/* The movies of sample_mflix as a collection of the engine. */
#ifndef MCI_MFLIX_MOVIES_H
#define MCI_MFLIX_MOVIES_H

#include "base/doc.h"
#include <mflixcache/movies.h>

/* One for each mci_id_kind. Static: documents outlive the client they were read by. */
extern const mci_spec mci_movies_spec[3];

#define MCI_RATING_PATH "imdb.rating"

/* A movie is its document. */
static inline const mc_movie *mci_movie_of(const mci_doc *d)
{
    return (const mc_movie *)d;
}

#endif
