/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all TLS connections of a handle share: whom to trust, the own certificate, the last session of each server. By OpenSSL 3; a build without it has
 * the functions, and they refuse.
 */
#ifndef MCI_REDIS_TLS_H
#define MCI_REDIS_TLS_H

#include "observe/log.h"
#include "observe/metrics.h"
#include "redis/tls_files.h"

typedef struct mci_tls mci_tls; /* safe from any thread */

/* Reads the files. MC_OK; MC_E_TLS: the text names option and file. Metrics and log are borrowed and outlive it. */
mc_status mci_tls_open(const mci_tls_options *opt, mci_metrics *metrics, mci_log *log, mci_tls **out, mc_error *err);
void mci_tls_free(mci_tls *t); /* after all its streams are closed; NULL: nothing happens */

#endif
