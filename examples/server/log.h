/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on stderr: one per request where the access log is on, and what the library has to say. */
#ifndef MFLIX_SERVER_LOG_H
#define MFLIX_SERVER_LOG_H

#include "request.h"

void log_access(const request *r, struct MHD_Connection *mhd);
void log_library(int level, const char *line, void *user); /* an mc_log_fn */

#endif
