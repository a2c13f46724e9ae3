/* SPDX-License-Identifier: Apache-2.0 */
/* When to try a server again: counts failures in a row and spaces attempts by full-jitter back-off. Pure: no clock, no locks. */
#ifndef MCI_BASE_BREAKER_H
#define MCI_BASE_BREAKER_H

#include "base/error.h"
#include <stdint.h>

typedef struct mci_breaker {
    int64_t min_ns, max_ns; /* back-off limits */
    int64_t threshold;      /* time-outs in a row that open it; a refused connection opens it at once */
    int64_t failures;       /* in a row */
    int64_t refused;        /* back-offs in a row */
    int64_t open_until_ns;  /* 0: closed */
    int probing;            /* one caller is trying */
} mci_breaker;

typedef enum mci_gate {
    MCI_GATE_GO = 0, /* closed: go on */
    MCI_GATE_PROBE,  /* half open: go on, everybody watches */
    MCI_GATE_STOP    /* open: answer without trying */
} mci_gate;

mci_gate mci_breaker_enter(mci_breaker *b, int64_t now_ns);

/* Outcome of an attempt that was let in by `gate`. `random` is any evenly spread number. */
void mci_breaker_success(mci_breaker *b, mci_gate gate);
void mci_breaker_failure(mci_breaker *b, mci_gate gate, mc_status status, int connecting, int64_t now_ns, uint64_t random);

#endif
