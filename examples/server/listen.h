/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that the server listens on. */
#ifndef MFLIX_SERVER_LISTEN_H
#define MFLIX_SERVER_LISTEN_H

#include <stddef.h>

/* A listening socket, or -1 with the reason on stderr. `address` receives "127.0.0.1:8080" or "[::1]:8080". */
int listen_on(const char *host, const char *port, char *address, size_t size);

#endif
