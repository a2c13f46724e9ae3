// SPDX-License-Identifier: Apache-2.0
/*
 * Owns two parts of the experiment: the forms in which one movie can be had from the cache (its chosen fields, its whole document, and
 * the same JSON as a plain string by key, which proves nothing about its freshness), in turns; and the simulated distance to the
 * database. Refuses to leave its strings behind: they are removed, and would go by themselves.
 */
#include "bench.h"
#include "progress.h"

#include <stdlib.h>
#include <time.h>

#define STRING_TTL_MS 600000

const char *const bench_form_names[BENCH_FORMS] = {"fields", "document", "JSON string"};

int64_t bench_distance(const bench_plan *plan, const mc_info *info)
{
    /* Whoever joined another thread's load has waited for that call of the database, though it was not its own. */
    int64_t calls = info->store_calls > 0 ? info->store_calls : (info->flags & MC_FLAG_SHARED) ? 1 : 0;
    int64_t ns = (int64_t)(plan->store_delay_ms * 1e6) * calls;
    if (ns <= 0)
        return 0;
    int64_t begun = now_ns();
    struct timespec rest = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    while (nanosleep(&rest, &rest) != 0 && !interrupted())
        ;
    return now_ns() - begun;
}

static void key_of(const bench_title *t, char *key, size_t size)
{
    snprintf(key, size, "bench-json:%s", t->id);
}

/* The document into the cache, and its text beside it. Returns the text's size, 0 after a failure. */
static size_t lay_out(app *a, const bench_title *t, mc_error *err)
{
    const mc_movie *m = NULL;
    mc_bytes json = {NULL, 0};
    char key[96];
    key_of(t, key, sizeof key);
    mc_status st = mc_get_movie_document(a->mc, t->id, &m, NULL, err);
    if (st == MC_OK)
        st = mc_movie_json(m, &json);
    if (st == MC_OK)
        st = mc_put(a->mc, key, json.data, json.size, STRING_TTL_MS, NULL, err);
    mc_movie_unref(m);
    return st == MC_OK ? json.size : 0;
}

static mc_status read_form(app *a, const bench_title *t, size_t form, int64_t *ns, mc_info *info, mc_error *err)
{
    const mc_movie *m = NULL;
    char *text = NULL;
    char key[96];
    key_of(t, key, sizeof key);
    int64_t begun = now_ns();
    mc_status st = form == 0   ? mc_get_movie(a->mc, t->id, &m, info, err)
                   : form == 1 ? mc_get_movie_document(a->mc, t->id, &m, info, err)
                               : mc_get(a->mc, key, &text, NULL, info, err);
    *ns = now_ns() - begun;
    mc_movie_unref(m);
    mc_free(text);
    return st;
}

void bench_forms(app *a, const bench_plan *plan, bench_result *r)
{
    mc_error err = {0};
    progress bar;
    size_t laid_out = 0, bytes = 0;
    if (plan->forms == 0)
        return;
    for (; laid_out < r->n_titles && !interrupted(); laid_out++) {
        size_t size = lay_out(a, &r->titles[laid_out], &err);
        bytes += size;
        if (size == 0)
            break;
    }
    if (laid_out == r->n_titles)
        r->form_bytes = (double)bytes / (double)laid_out;
    progress_begin(&bar, a, "forms", "reads");
    for (int64_t i = 0; laid_out == r->n_titles && i < plan->forms && !interrupted(); i++) {
        const bench_title *t = &r->titles[(size_t)i % r->n_titles];
        for (size_t turn = 0; turn < BENCH_FORMS; turn++) {
            size_t form = (turn + (size_t)i) % BENCH_FORMS;
            mc_info info = {0};
            int64_t ns = 0;
            if (read_form(a, t, form, &ns, &info, &err) < 0)
                bench_note_error(r, "a form", &err);
            else if (form == 2 || info.cache == MC_CACHE_HIT) /* hits only: that is what is compared */
                samples_add(&r->forms[form], ns);
        }
        progress_show(&bar, i + 1, i + 1, plan->forms);
    }
    progress_clear(&bar);
    if (laid_out < r->n_titles && !interrupted())
        bench_note_error(r, "forms", &err);
    for (size_t i = 0; i < laid_out; i++) {
        char key[96];
        key_of(&r->titles[i], key, sizeof key);
        (void)mc_remove(a->mc, key, NULL, NULL);
    }
}
