/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over another stream. */
#ifndef MCI_REDIS_TLS_STREAM_H
#define MCI_REDIS_TLS_STREAM_H

#include "redis/stream.h"
#include "redis/tls.h"

/*
 * Shake hands over `inner`, by the deadline. `inner` is the new stream's from then on, and is closed on failure. MC_OK; MC_E_TLS: one side refuses the other;
 * MC_E_TIMEOUT; MC_E_CACHE: the connection ended; MC_E_NOMEM. The text does not name the server.
 */
mc_status mci_stream_over_tls(mci_tls *t, const char *host, int port, mci_stream *inner, mci_deadline dl, mci_stream **out,
                              mc_error *err);

/* Why TLS has ended such a stream, or the server seems to have; NULL: neither. For whoever has it alone. */
const char *mci_stream_tls_fault(const mci_stream *s);

#endif
