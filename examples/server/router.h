/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes, and how a request finds its row. */
#ifndef MFLIX_SERVER_ROUTER_H
#define MFLIX_SERVER_ROUTER_H

#include "request.h"

#define MAX_ROUTES 24 /* one is kept for what is on no route */

enum route_flag {
    ROUTE_CACHE = 1, /* takes ?cache=on|off */
    ROUTE_JSON = 2,  /* takes a JSON object as its body */
    ROUTE_PATCH = 4, /* the same, also as application/merge-patch+json */
    ROUTE_READS = 8  /* answers with documents: counted by tier and outcome */
};

typedef struct route {
    const char *method;
    const char *path; /* segments in braces match any one segment */
    void (*run)(request *r);
    const char *params; /* names of the parameters it takes, each with a blank behind it */
    unsigned flags;
} route;

/* Finds the route and checks the names of the parameters; else refuses (404, 405), or answers OPTIONS. 0: nothing is to be run. */
int find_route(request *r);

/* Paths are numbered from 0, for counting; route_path() is NULL past the last. */
size_t route_number(const route *row);
const char *route_path(size_t number);

/* The handlers, by the file that owns them. */
void get_movie(request *r); /* movies.c */
void get_movie_by_title(request *r);
void write_movie(request *r, const mc_movie *m); /* its whole document and the member "answer" */
void post_movie(request *r);                     /* writes.c */
void patch_movie(request *r);
void put_rating(request *r);
void delete_movie(request *r);
void post_view(request *r);
void get_top(request *r); /* boards.c */
void get_trending(request *r);
void get_near(request *r);        /* theaters.c */
void get_titles(request *r);      /* titles.c */
void get_value(request *r);       /* keys.c */
void put_value(request *r);       /* keys.c */
void remove_value(request *r);    /* keys.c */
void drop_movie(request *r);      /* admin.c */
void drop_everything(request *r); /* admin.c */
void get_health(request *r);      /* admin.c */
void get_ready(request *r);       /* admin.c */
void get_stats(request *r);       /* admin.c */
void get_metrics(request *r);     /* admin.c */
void get_page(request *r);        /* page.c */
void get_asset(request *r);       /* page.c */
void get_description(request *r); /* page.c */

#endif
