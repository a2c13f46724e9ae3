/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the two boards: best rated and most viewed. Refuses counts outside 1 to 1,000 and offsets above 1,000,000. */
#include "respond.h"
#include "router.h"

/* What both boards say about a movie. */
static void write_row(request *r, const mc_list *rows, size_t i)
{
    text *t = &r->out;
    const mc_movie *m = mc_list_movie(rows, i);
    char year[32];
    put_int(t, "rank", mc_list_rank(rows, i) + 1);
    put_text(t, "id", mc_movie_id(m));
    put_text(t, "title", mc_movie_title(m));
    put_text(t, "year", mc_movie_year_text(m, year, sizeof year) == MC_OK ? year : NULL);
}

static void write_details(request *r, const mc_movie *m)
{
    text *t = &r->out;
    double rating;
    int64_t votes;
    if (mc_movie_rating(m, &rating) == MC_OK)
        put_double(t, "rating", rating);
    else
        put_null(t, "rating");
    if (mc_movie_votes(m, &votes) == MC_OK)
        put_int(t, "votes", votes);
    else
        put_null(t, "votes");
    put_open(t, "genres", '[');
    for (size_t i = 0; i < mc_movie_genre_count(m); i++)
        put_text(t, NULL, mc_movie_genre(m, i));
    put_close(t, ']');
    put_text(t, "poster", mc_movie_poster(m));
}

static void write_board(request *r, const mc_list *rows, int views)
{
    text *t = &r->out;
    put_open(t, NULL, '{');
    put_open(t, "movies", '[');
    for (size_t i = 0; i < mc_list_size(rows); i++) {
        put_open(t, NULL, '{');
        write_row(r, rows, i);
        if (views)
            put_int(t, "views", mc_list_views(rows, i));
        write_details(r, mc_list_movie(rows, i));
        put_close(t, '}');
    }
    put_close(t, ']');
}

void get_top(request *r)
{
    int64_t n;
    int64_t offset;
    mc_info info;
    mc_error err;
    if (!param_int(r, "n", 10, 1, 1000, &n) || !param_int(r, "offset", 0, 0, 1000000, &offset))
        return;
    mc_list *rows = NULL;
    mc_status st = mc_top_movies(chosen(r), offset, n, &rows, &info, &err);
    answered(r, &info);
    if (st) {
        refuse_status(r, st, &err);
    } else {
        write_board(r, rows, 0);
        put_int(&r->out, "offset", offset);
        end_answer(r);
    }
    mc_list_free(rows);
}

void get_trending(request *r)
{
    int64_t n;
    mc_info info;
    mc_error err;
    if (!param_int(r, "n", 10, 1, 1000, &n))
        return;
    mc_list *rows = NULL;
    mc_status st = mc_trending(r->app->cached, n, &rows, &info, &err);
    answered(r, &info);
    if (st) {
        refuse_status(r, st, &err);
    } else {
        write_board(r, rows, 1);
        end_answer(r);
    }
    mc_list_free(rows);
}
