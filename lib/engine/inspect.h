/* SPDX-License-Identifier: Apache-2.0 */
/* What the cache holds under one name, for people. */
#ifndef MCI_ENGINE_INSPECT_H
#define MCI_ENGINE_INSPECT_H

#include "engine/call.h"

/*
 * One JSON object as mc_inspect() tells it, about a document (`family` of a collection, by id), an entry of a unique key (by its text), or a
 * string (`family` NULL, by key). `kind` is the word for it. `*out` is malloc'ed.
 */
mc_status mci_inspect(mci_call *c, const mci_family *family, const char *kind, const char *name, char **out);

#endif
