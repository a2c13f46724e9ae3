/* SPDX-License-Identifier: Apache-2.0 */
/* The writing operations of the SQLite store, with the contracts of mci_store_ops. */
#ifndef MCI_STORE_SQLITE_WRITE_H
#define MCI_STORE_SQLITE_WRITE_H

#include "store/store.h"

mc_status mci_sqlite_insert(mci_store *s, const mci_spec *spec, const char *id, const char *json, size_t len,
                            mci_deadline dl, mci_doc **out, mc_error *err);

mc_status mci_sqlite_update(mci_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                            mci_doc **out, mc_error *err);

mc_status mci_sqlite_remove(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **old,
                            mc_error *err);

mc_status mci_sqlite_put_many(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                              const size_t *lens, mci_doc *const *docs, size_t n, int replace, mci_deadline dl,
                              mc_status *statuses, mc_error *err);

#endif
