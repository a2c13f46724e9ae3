/* SPDX-License-Identifier: Apache-2.0 */
/* Filling the caller's error record. Owns the wording rules: one line, control bytes escaped, never a secret. */
#ifndef MCI_BASE_ERROR_H
#define MCI_BASE_ERROR_H

#include <mflixcache/error.h>
#include <stdarg.h>

/* Set `err` (may be NULL) and return `code`, so that failing paths read `return mci_fail(err, ...)`. */
mc_status mci_fail(mc_error *err, mc_status code, int tier, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The same with a backend's own code (errno, a MongoDB code). */
mc_status mci_fail_code(mc_error *err, mc_status code, int tier, int backend_code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Zero the record: a call that succeeds leaves no old text behind. */
void mci_error_clear(mc_error *err);

/* 1 when repeating the call later may help (timeouts, unreachable servers). */
int mci_status_retriable(mc_status code);

#endif
