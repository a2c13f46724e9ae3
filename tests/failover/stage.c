/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: a film on servers that change. Refuses: load. */
#include "stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void set(mc_options *o, const char *key, const char *value)
{
    mc_error err;
    if (mc_options_set(o, key, value, &err) != MC_OK)
        fail_msg("%s", err.text);
}

mc_client *stage_open(stage *g, ...)
{
    va_list ap;
    mc_error err;
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    set(o, "cache.uri", g->kind == STAGE_ONE ? g->t.node[0].uri : g->t.uri);
    set(o, "cache.nat_map", g->t.nat);
    set(o, "cache.timeout_ms", "5000");
    va_start(ap, g);
    for (const char *key = va_arg(ap, const char *); key != NULL; key = va_arg(ap, const char *))
        set(o, key, va_arg(ap, const char *));
    va_end(ap);
    mc_store table = memstore_table(&g->mem);
    if (mc_open_with_store(o, &table, &mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return mc;
}

double stage_rating(mc_client *mc, mc_info *info)
{
    const mc_movie *m = NULL;
    double v = -1;
    assert_int_equal(mc_get_movie(mc, FILM, &m, info, NULL), MC_OK);
    assert_int_equal(mc_movie_rating(m, &v), MC_OK);
    mc_movie_unref(m);
    return v;
}

void stage_cache(mc_client *mc, double rating)
{
    mc_info info = {0};
    for (int i = 0; i < 1000 && info.cache != MC_CACHE_HIT; i++)
        assert_true(stage_rating(mc, &info) == rating);
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

void stage_set_up(stage *g, stage_kind kind)
{
    memset(g, 0, sizeof *g);
    g->kind = kind;
    if (kind == STAGE_SENTINEL)
        topology_start_sentinel(&g->t);
    else if (kind == STAGE_CLUSTER)
        topology_start_cluster(&g->t);
    else
        srv_start_redis(&g->t.node[0], NULL);
    memstore_init(&g->mem);
    memstore_put(&g->mem, "movies", FILM, "{\"_id\":{\"$oid\":\"" FILM "\"},\"title\":\"One\",\"imdb\":{\"rating\":1.0}}");
    g->mc = stage_open(g, NULL);
}

void stage_take_down(stage *g)
{
    assert_int_equal(mc_close(g->mc), MC_OK);
    memstore_free(&g->mem);
    if (g->kind == STAGE_ONE)
        srv_stop(&g->t.node[0]);
    else
        topology_stop(&g->t);
}

int stage_slot(stage *g)
{
    if (g->kind != STAGE_CLUSTER)
        return 0;
    char *text = topology_ask(&g->t.node[0], "CLUSTER KEYSLOT {" FILM "}");
    assert_non_null(text);
    int slot = atoi(text);
    free(text);
    return slot;
}
