/* SPDX-License-Identifier: Apache-2.0 */
/* The server: sockets, connections, time limits, the way of a request from MHD to its handler and back. */
#ifndef MFLIX_SERVER_SERVER_H
#define MFLIX_SERVER_SERVER_H

#include "request.h"

typedef struct server server;

/* Serves on a socket that listens already, with so many threads. NULL: it could not be started. Takes the socket over. */
server *server_start(app *a, int listener, unsigned threads);

/* Ends connections whose time is up. To be called a few times a second. */
void server_watch(server *s);

/* Accepts nothing new, finishes what is under way for at most `seconds`, then ends all. Frees the server. */
void server_stop(server *s, int seconds);

#endif
