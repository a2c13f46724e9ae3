/* SPDX-License-Identifier: Apache-2.0 */
/* One request from its first line to its answer, and how its parts are read: path, query, numbers, body. */
#ifndef MFLIX_SERVER_REQUEST_H
#define MFLIX_SERVER_REQUEST_H

#include "text.h"

#include <mflixcache/mflixcache.h>
#include <stdatomic.h>

struct MHD_Connection;

#define MAX_SEGMENTS 4
#define MAX_PARAMS 8
#define MAX_HEADERS 6

typedef struct limits {
    size_t body;          /* bytes */
    size_t header;        /* bytes, request line and header lines together */
    unsigned timeout_s;   /* for receiving a request, and again for sending its answer */
    unsigned connections; /* at a time */
    unsigned per_ip;      /* of these from one address; 0: no limit */
    const char *hosts[8]; /* names that Host may have beside IP addresses and localhost */
    size_t n_hosts;
} limits;

/* What all requests share: the handle, and a session of it that reads past Redis. */
typedef struct app {
    mc_client *cached;
    mc_client *uncached;
    limits limits;
    const char *docs; /* where documents and source are to be read; NULL: nowhere known */
    const char *source;
    int access_log;
    atomic_int stopping;
} app;

typedef struct param {
    char *name;
    char *value;
} param;

/* Why a request was refused. `type` ends the problem's URI; NULL: the status says it all. */
typedef struct problem {
    int status;
    const char *type;
    mc_status code; /* MC_OK: the refusal is HTTP's, no status of the library */
    char detail[512];
} problem;

typedef struct header {
    const char *name;
    char value[800]; /* holds a path of the longest id, percent-encoded */
} header;

struct route;

typedef struct request {
    app *app;
    struct MHD_Connection *mhd;
    const char *method;
    char *target;  /* as it was sent; for the log */
    char *decoded; /* the memory that segments and parameters point into */
    char *segments[MAX_SEGMENTS];
    size_t n_segments;
    param params[MAX_PARAMS];
    size_t n_params;
    char *body;
    size_t body_size;          /* bytes received, also when they are not kept any more */
    const struct route *route; /* NULL until one was found */
    int past_cache;            /* 1: ?cache=off */
    int64_t begun_ns;

    problem refused; /* status 0: not refused */

    /* The answer. */
    int status;
    const char *content_type;
    text out;
    const void *fixed; /* a body that outlives the request, in place of `out` */
    size_t fixed_size;
    header headers[MAX_HEADERS];
    size_t n_headers;
    mc_info info;
    int has_info;
    int64_t call_ns; /* spent in calls of the library */
} request;

int64_t now_ns(void);

/* The handle that ?cache= chooses. */
mc_client *chosen(const request *r);

/* Records why the request is refused; the first reason stays. Gives 0, so that a check can end with it. */
int refuse(request *r, int status, const char *type, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for a status of the library. */
int refuse_status(request *r, mc_status st, const mc_error *err);
/* A value in the query or the body that is not what it should be. */
int refuse_value(request *r, mc_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Splits the target into segments and parameters, percent-decoded. 0: refused. */
int parse_target(request *r, const char *target);

/* The value of a parameter, NULL when it is not there. */
const char *param_text(const request *r, const char *name);
/* Numbers in decimal, the whole value. A missing one is `fallback`. 0: refused. */
int param_int(request *r, const char *name, int64_t fallback, int64_t low, int64_t high, int64_t *out);
int param_double(request *r, const char *name, double *out); /* the parameter must be there */

/* The number of {"rating": 8.7}. 0: refused. */
int body_rating(request *r, double *out);

/* Frees what it points to. */
void request_clear(request *r);

#endif
