/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what operators ask: alive, ready, counters, and dropping what is cached. Refuses nothing that the library does not. */
#include "metrics.h"
#include "respond.h"
#include "router.h"

#include <string.h>

void no_content(request *r, mc_status st, const mc_info *info, const mc_error *err)
{
    answered(r, info);
    r->status = 204;
    r->content_type = NULL;
    if (st)
        refuse_status(r, st, err);
}

void drop_movie(request *r)
{
    mc_info info;
    mc_error err;
    mc_status st = mc_invalidate(r->app->cached, r->segments[2], &info, &err);
    no_content(r, st, &info, &err);
}

void drop_everything(request *r)
{
    mc_info info;
    mc_error err;
    mc_status st = mc_invalidate_all(r->app->cached, &info, &err);
    no_content(r, st, &info, &err);
}

/* The process serves: no more is said, so that a store that is away does not get it restarted. */
void get_health(request *r)
{
    put_open(&r->out, NULL, '{');
    put_text(&r->out, "status", "ok");
    put_close(&r->out, '}');
}

void get_ready(request *r)
{
    int redis;
    int store;
    mc_error err;
    mc_status st = mc_ping(r->app->cached, &redis, &store, &err);
    if (!store) {
        /* With Redis away as well the error is Redis'; the store is why this answer is 503. */
        refuse(r, 503, "store-away", "the store does not answer%s%s", err.tier == MC_TIER_STORE ? ": " : "",
               err.tier == MC_TIER_STORE ? err.text : "");
        r->refused.code = err.tier == MC_TIER_STORE ? st : MC_E_STORE;
        return;
    }
    put_open(&r->out, NULL, '{');
    put_text(&r->out, "status", redis ? "ok" : "degraded");
    put_bool(&r->out, "redis", redis);
    put_bool(&r->out, "store", store);
    put_close(&r->out, '}');
}

void get_stats(request *r)
{
    char *json;
    mc_error err;
    mc_status st = mc_stats_json(r->app->cached, &json, &err);
    if (st) {
        refuse_status(r, st, &err);
        return;
    }
    /* The library's object without its last brace, and three members more. */
    text_add(&r->out, json, strlen(json) - 1);
    mc_free(json);
    r->out.comma = 1;
    metrics_json(&r->out);
    put_open(&r->out, "links", '{');
    put_text(&r->out, "docs", r->app->docs);
    put_text(&r->out, "source", r->app->source);
    put_close(&r->out, '}');
    put_close(&r->out, '}');
}

void get_metrics(request *r)
{
    char *library;
    mc_error err;
    mc_status st = mc_metrics_prometheus(r->app->cached, &library, &err);
    if (st) {
        refuse_status(r, st, &err);
        return;
    }
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    text_str(&r->out, library);
    mc_free(library);
    metrics_write(&r->out);
}
