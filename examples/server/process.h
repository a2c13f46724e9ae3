/* SPDX-License-Identifier: Apache-2.0 */
/* The process as the system sees it, under the names that Prometheus' own client libraries use. */
#ifndef MFLIX_SERVER_PROCESS_H
#define MFLIX_SERVER_PROCESS_H

#include "text.h"

void process_write(text *t);

#endif
