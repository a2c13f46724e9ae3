/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the writes: always through the handle that keeps the cache coherent. Refuses to count views of movies that do not
 * exist: anybody could fill Redis with them.
 */
#include "respond.h"
#include "router.h"

/* A write's end: the movie as it is now, or why there is none. */
static void finish(request *r, mc_status st, const mc_movie *m, const mc_info *info, const mc_error *err)
{
    answered(r, info);
    if (st) {
        refuse_status(r, st, err);
        return;
    }
    write_movie(r, m);
    mc_movie_unref(m);
}

static const char *body(const request *r)
{
    return r->body ? r->body : "";
}

void post_movie(request *r)
{
    const mc_movie *m = NULL;
    mc_info info;
    mc_error err;
    mc_status st = mc_create_movie(r->app->cached, body(r), r->body_size, &m, &info, &err);
    if (st == MC_OK) {
        r->status = 201;
        add_location(r, mc_movie_id(m));
    }
    finish(r, st, m, &info, &err);
}

void patch_movie(request *r)
{
    const mc_movie *m = NULL;
    mc_info info;
    mc_error err;
    mc_status st = mc_update_movie(r->app->cached, r->segments[1], body(r), r->body_size, &m, &info, &err);
    finish(r, st, m, &info, &err);
}

void put_rating(request *r)
{
    const mc_movie *m = NULL;
    mc_info info;
    mc_error err;
    double rating;
    if (!body_rating(r, &rating))
        return;
    mc_status st = mc_update_rating(r->app->cached, r->segments[1], rating, &m, &info, &err);
    finish(r, st, m, &info, &err);
}

void delete_movie(request *r)
{
    mc_info info;
    mc_error err;
    mc_status st = mc_delete_movie(r->app->cached, r->segments[1], &info, &err);
    answered(r, &info);
    r->status = 204;
    r->content_type = NULL;
    if (st)
        refuse_status(r, st, &err);
}

void post_view(request *r)
{
    const mc_movie *m;
    mc_info info;
    mc_error err;
    int64_t views;
    mc_status st = mc_get_movie(r->app->cached, r->segments[1], &m, &info, &err);
    mc_movie_unref(m);
    answered(r, &info);
    if (st == MC_OK) {
        st = mc_record_view(r->app->cached, r->segments[1], &views, &info, &err);
        answered(r, &info);
    }
    if (st) {
        refuse_status(r, st, &err);
        return;
    }
    put_open(&r->out, NULL, '{');
    put_text(&r->out, "id", r->segments[1]);
    put_int(&r->out, "views", views);
    end_answer(r);
}
