/* SPDX-License-Identifier: Apache-2.0 */
/* The theaters of sample_mflix as a collection. */
#ifndef MCI_SCHEMA_THEATERS_H
#define MCI_SCHEMA_THEATERS_H

#include "base/doc.h"
#include <mflixcache/theaters.h>

/* One for each mci_id_kind. Static: documents outlive the client they were read by. */
extern const mci_spec mci_theaters_spec[3];

/* A theater is its document. */
static inline const mc_theater *mci_theater_of(const mci_doc *d)
{
    return (const mc_theater *)d;
}

#endif
