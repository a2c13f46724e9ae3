/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `mflix plot`: figures measured by another program, as a drawing. Refuses what is not in the form that its help shows, and more
 * than a day of seconds.
 */
#include "app.h"
#include "input.h"
#include "plot.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SLICES 86400

/* A figure that must be a number from 0 on, and is 0 when it is missing. */
static int take_number(const json_t *o, const char *key, double *out)
{
    const json_t *v = json_object_get(o, key);
    *out = json_number_value(v);
    return !v || (json_is_number(v) && isfinite(*out) && *out >= 0 && *out < 1e12);
}

static int take_series(const json_t *slice, const char *key, int series, plot_slice *out)
{
    const json_t *o = json_object_get(slice, key);
    double n = 0;
    if (!o)
        return 1;
    if (!json_is_object(o) || !take_number(o, "requests", &n) || !take_number(o, "p50_ms", &out->p50_ms[series]) ||
        !take_number(o, "p99_ms", &out->p99_ms[series]))
        return 0;
    out->n[series] = (size_t)n;
    return 1;
}

static int take_slice(const json_t *slice, plot_slice *out)
{
    double users = 0;
    int ok = json_is_object(slice) && take_series(slice, "cached", PLOT_CACHED, out) &&
             take_series(slice, "uncached", PLOT_UNCACHED, out) && take_number(slice, "hit_ratio", &out->hit_ratio) &&
             out->hit_ratio <= 1 && take_number(slice, "requests_per_s", &out->rate) &&
             take_number(slice, "users", &users) && users <= 1e9;
    out->users = (int)users;
    return ok;
}

/* What is wrong with the data, or NULL. */
static const char *take(const json_t *data, plot_data *d)
{
    const json_t *slices = json_object_get(data, "slices");
    const char *title = json_string_value(json_object_get(data, "title"));
    const char *about = json_string_value(json_object_get(data, "about"));
    size_t n = json_array_size(slices);
    if (!title || !about || !take_number(data, "seconds", &d->seconds) || d->seconds <= 0)
        return "it needs title and about, which are texts, and seconds, a number above 0";
    if (n == 0 || n > MAX_SLICES)
        return "slices must be a list of 1 to 86400";
    snprintf(d->title, sizeof d->title, "%s", title);
    snprintf(d->about, sizeof d->about, "%s", about);
    d->slices = calloc(n, sizeof *d->slices);
    if (!d->slices)
        return "there is no memory for so many slices";
    d->n_slices = n;
    d->bridge = 1; /* a slice is a second here, and few users may leave one out */
    d->load = 1;
    for (size_t i = 0; i < n; i++)
        if (!take_slice(json_array_get(slices, i), &d->slices[i]))
            return "a slice has figures that are not numbers from 0 on, or a hit_ratio above 1";
    return NULL;
}

static int run_plot(app *a, const args *g)
{
    const char *from = g->operands[0], *to = g->operands[1];
    plot_data d = {.seconds = 0};
    json_error_t e;
    size_t size = 0;
    if (!plot_kind_ok(to))
        return usage_error("plot: '%.80s' ends in neither .svg nor .html", to);
    char *text = input_read(from, &size);
    if (!text)
        return fail_errno(a, from);
    json_t *data = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
    free(text);
    const char *why = data ? take(data, &d) : e.text;
    int rc = why ? usage_error("plot: %.80s: %s", from, why) : 0;
    if (!rc && plot_write(to, &d))
        rc = fail_errno(a, to);
    json_decref(data);
    free(d.slices);
    return rc;
}

const command cmd_plot = {"plot",
                          "DATA.json|- FILE",
                          "draw what another program measured, cached against uncached",
                          "Examples:\n"
                          "  mflix plot figures.json report.svg\n"
                          "  python3 examples/load/report.py run report.svg     makes such figures of a run of locust\n\n"
                          "FILE ends in .svg or .html. DATA.json has one slice for each second or other part of the time:\n"
                          "  {\"title\": \"...\", \"about\": \"...\", \"seconds\": 60, \"slices\": [\n"
                          "    {\"cached\": {\"requests\": 50, \"p50_ms\": 0.2, \"p99_ms\": 1.1}, \"uncached\": {...},\n"
                          "     \"hit_ratio\": 0.98, \"requests_per_s\": 100, \"users\": 4}, ...]}\n"
                          "What is missing counts as 0. No server is asked.\n",
                          NULL,
                          0,
                          2,
                          2,
                          run_plot};
