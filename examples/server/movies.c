/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reads of one movie, by id and by title, through the cache or past it. Refuses nothing itself: the library does. */
#include "respond.h"
#include "router.h"

void write_movie(request *r, const mc_movie *m)
{
    mc_bytes document;
    mc_movie_json(m, &document);
    put_open(&r->out, NULL, '{');
    put_raw(&r->out, "movie", document.data, document.size);
    end_answer(r);
}

void get_movie(request *r)
{
    const mc_movie *m;
    mc_info info;
    mc_error err;
    mc_status st = mc_get_movie_document(chosen(r), r->segments[1], &m, &info, &err);
    answered(r, &info);
    if (st) {
        refuse_status(r, st, &err);
        return;
    }
    write_movie(r, m);
    mc_movie_unref(m);
}

/* Two calls, one answer: the document counts as cached only if the title's id was, too. */
static void join(mc_info *to, const mc_info *first)
{
    if (first->cache > to->cache) {
        to->cache = first->cache;
        to->tier = first->tier;
    }
    to->flags |= first->flags;
    to->redis_round_trips += first->redis_round_trips;
    to->store_calls += first->store_calls;
    to->elapsed_ns += first->elapsed_ns;
}

void get_movie_by_title(request *r)
{
    const char *title = param_text(r, "title");
    const mc_movie *found;
    const mc_movie *m;
    mc_info lookup;
    mc_info info;
    mc_error err;
    if (!title) {
        refuse_value(r, MC_E_ARG, "title: must be given");
        return;
    }
    mc_status st = mc_get_movie_by_title(chosen(r), title, &found, &lookup, &err);
    if (st) {
        answered(r, &lookup);
        refuse_status(r, st, &err);
        return;
    }
    st = mc_get_movie_document(chosen(r), mc_movie_id(found), &m, &info, &err);
    mc_movie_unref(found);
    join(&info, &lookup);
    answered(r, &info);
    if (st) {
        refuse_status(r, st, &err);
        return;
    }
    write_movie(r, m);
    mc_movie_unref(m);
}
