/* SPDX-License-Identifier: Apache-2.0 */
/* What this server counts beside the library: requests, durations, refusals, reads by tier and outcome, the process. */
#ifndef MFLIX_SERVER_METRICS_H
#define MFLIX_SERVER_METRICS_H

#include "request.h"

void metrics_begin(void);                /* a request line was received */
void metrics_end(void);                  /* its answer was sent, or its client is gone */
void metrics_answered(const request *r); /* its answer is about to be sent */
void metrics_refused(int status);        /* answered without a request that could be routed */

void metrics_write(text *t); /* Prometheus' text format 0.0.4 */
void metrics_json(text *t);  /* the members "http" and "reads" of an object that is open */

#endif
