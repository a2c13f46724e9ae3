/* SPDX-License-Identifier: Apache-2.0 */
/* How answers are written: the headers of every answer, the member `answer`, problems. */
#ifndef MFLIX_SERVER_RESPOND_H
#define MFLIX_SERVER_RESPOND_H

#include "request.h"

struct MHD_Response;

void add_header(request *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

void add_location(request *r, const char *id); /* where a new movie is */

/* Notes what the library said about its last call; `info` may be used by several calls of one request. */
void answered(request *r, const mc_info *info);

/* The end of a call that has nothing to show: 204, or why not. */
void no_content(request *r, mc_status st, const mc_info *info, const mc_error *err); /* admin.c */

/* Writes the member "answer" from what answered() noted, and closes the object that is open. */
void end_answer(request *r);

/* Turns r->refused into the body of a problem (RFC 9457). */
void write_problem(request *r);

/* The response for MHD with all its headers; NULL when memory is short. Takes the text of `r` over. */
struct MHD_Response *make_response(request *r);

/* The reason phrase of a status that this server uses. */
const char *status_title(int status);

const char *cache_name(int cache);

#endif
