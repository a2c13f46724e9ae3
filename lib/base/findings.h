/* SPDX-License-Identifier: Apache-2.0 */
/* A list of findings as it is put together: what a check has seen, line by line. */
#ifndef MCI_BASE_FINDINGS_H
#define MCI_BASE_FINDINGS_H

#include <mflixcache/check.h>

/* NULL: memory is short. */
mc_findings *mci_findings_new(void);

/*
 * One more: `code` and `advice` are constant texts, `advice` "" when nothing is to be done. What is too long is cut. When memory is short the entire list
 * has failed.
 */
void mci_found_it(mc_findings *f, int severity, const char *code, const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* What every text begins with from now on: of several servers, which one it is about. "": nothing. */
void mci_findings_about(mc_findings *f, const char *whom);

/* 0 unless memory was short. */
int mci_findings_failed(const mc_findings *f);

#endif
