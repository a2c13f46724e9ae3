/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collections of this library: one descriptor each, and the order in which settings and handles count them. What a document of
 * a collection holds, and the limits of its values, is written here and nowhere below.
 */
#ifndef MCI_SCHEMA_SCHEMA_H
#define MCI_SCHEMA_SCHEMA_H

#include "schema/movies.h"
#include "schema/theaters.h"

/* Indexes of mci_settings.collections. */
enum { MCI_MOVIES = 0, MCI_THEATERS = 1 };

#endif
