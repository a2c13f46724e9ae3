/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: one right call of each public function, and what must hold of its outputs. Refuses: expecting a status; that is the table's matter. */
#include "calls.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 5
#define THEATER "59a47286cfa9a3a73e51e72c"

int call_status_known(mc_status st)
{
    return strcmp(mc_status_name(st), "MC_E_INTERNAL") != 0 && strncmp(mc_status_name(st), "MC_", 3) == 0;
}

/* What is handed out can be read to its end. */
static void look_at(const mc_movie *m)
{
    assert_non_null(m);
    assert_int_equal(strlen(mc_movie_id(m)), 24);
    size_t n = mc_movie_title(m) != NULL ? strlen(mc_movie_title(m)) : 0;
    for (size_t i = 0; i < mc_movie_genre_count(m); i++)
        n += strlen(mc_movie_genre(m, i));
    assert_true(n < 1000000);
}

/* By address: the call that fills it is beside it among the arguments. */
static mc_status one_movie(mc_status st, const mc_movie **at)
{
    const mc_movie *m = *at;
    assert_true((st == MC_OK) == (m != NULL));
    if (m != NULL)
        look_at(m);
    mc_movie_unref(m);
    return st;
}

static mc_status ranked(mc_status st, mc_list *rows)
{
    size_t n = mc_list_size(rows);
    assert_true(n <= ROWS);
    assert_true(st == MC_OK || n == 0);
    assert_true((rows != NULL) == (st == MC_OK));
    for (size_t i = 0; i < n; i++)
        look_at(mc_list_movie(rows, i));
    assert_null(mc_list_movie(rows, n));
    mc_list_free(rows);
    return st;
}

static mc_status get(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_movie *m = NULL;
    return one_movie(mc_get_movie(mc, ID1, &m, info, err), &m);
}

static mc_status document(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_movie *m = NULL;
    mc_bytes json;
    mc_status st = mc_get_movie_document(mc, ID2, &m, info, err);
    if (st == MC_OK) {
        assert_int_equal(mc_movie_json(m, &json), MC_OK);
        assert_int_equal(strlen(json.data), json.size);
    }
    return one_movie(st, &m);
}

static mc_status title(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_movie *m = NULL;
    mc_status st = mc_get_movie_by_title(mc, "Two", &m, info, err);
    if (st == MC_OK)
        assert_string_equal(mc_movie_title(m), "Two");
    return one_movie(st, &m);
}

static mc_status movies(mc_client *mc, mc_info *info, mc_error *err)
{
    const char *ids[] = {ID1, ID2, ID3, "573a1390f29313caabcd48ff", ID1};
    const mc_movie *out[5];
    mc_status statuses[5];
    mc_info infos[5];
    mc_status st = mc_get_movies(mc, ids, 5, out, statuses, infos, err);
    *info = infos[0];
    for (int i = 0; i < 5; i++) {
        if (out[i] != NULL)
            assert_string_equal(mc_movie_id(out[i]), ids[i]);
        assert_true(call_status_known(statuses[i]));
        (void)one_movie(statuses[i], &out[i]);
    }
    return st;
}

static mc_status theater(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_theater *t = NULL;
    mc_status st = mc_get_theater(mc, THEATER, &t, info, err);
    assert_true((st == MC_OK) == (t != NULL));
    mc_theater_unref(t);
    return st;
}

static mc_status near(mc_client *mc, mc_info *info, mc_error *err, double lon, double radius)
{
    mc_list *rows = NULL;
    mc_status st = mc_nearby_theaters(mc, lon, 45, radius, ROWS, &rows, info, err);
    assert_true(mc_list_size(rows) <= ROWS);
    assert_true(st == MC_OK || mc_list_size(rows) == 0);
    for (size_t i = 0; i < mc_list_size(rows); i++) {
        assert_non_null(mc_list_theater(rows, i));
        assert_true(mc_list_distance_m(rows, i) >= 0);
    }
    assert_null(mc_list_theater(rows, mc_list_size(rows)));
    mc_list_free(rows);
    return st;
}

static mc_status near_here(mc_client *mc, mc_info *info, mc_error *err)
{
    return near(mc, info, err, -93, 100000);
}

static mc_status near_around(mc_client *mc, mc_info *info, mc_error *err)
{
    return near(mc, info, err, 179.9, 5000000); /* across the antimeridian */
}

static mc_status top(mc_client *mc, mc_info *info, mc_error *err)
{
    mc_list *rows = NULL;
    mc_status st = mc_top_movies(mc, 0, ROWS, &rows, info, err);
    return ranked(st, rows);
}

static mc_status trending(mc_client *mc, mc_info *info, mc_error *err)
{
    mc_list *rows = NULL;
    mc_status st = mc_trending(mc, ROWS, &rows, info, err);
    return ranked(st, rows);
}

static mc_status rank(mc_client *mc, mc_info *info, mc_error *err)
{
    int64_t place = 0;
    double rating = 0;
    mc_status st = mc_rank_movie(mc, ID1, &place, &rating, info, err);
    assert_true(place >= 0 && (st == MC_OK || (place == 0 && rating == 0)));
    return st;
}

static mc_status view(mc_client *mc, mc_info *info, mc_error *err)
{
    int64_t views = 0;
    mc_status st = mc_record_view(mc, ID1, &views, info, err);
    assert_true(views >= 0 && (st == MC_OK || views == 0));
    return st;
}

static mc_status create(mc_client *mc, mc_info *info, mc_error *err)
{
    static unsigned next;
    const mc_movie *m = NULL;
    char json[512];
    char id[25];
    snprintf(id, sizeof id, "673a1390f29313caabc%05x", next++ % 1000);
    fixture_json(json, id, "New", 5);
    return one_movie(mc_create_movie(mc, json, strlen(json), &m, info, err), &m);
}

static mc_status update(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_movie *m = NULL;
    static const char patch[] = "{\"plot\":\"q\"}";
    return one_movie(mc_update_movie(mc, ID1, patch, sizeof patch - 1, &m, info, err), &m);
}

static mc_status rate(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_movie *m = NULL;
    return one_movie(mc_update_rating(mc, ID2, 2, &m, info, err), &m);
}

static mc_status rate_by_title(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_movie *m = NULL;
    return one_movie(mc_update_rating_by_title(mc, "Three", 3, &m, info, err), &m);
}

static mc_status delete_one(mc_client *mc, mc_info *info, mc_error *err)
{
    return mc_delete_movie(mc, "673a1390f29313caabc00000", info, err);
}

static mc_status import(mc_client *mc, mc_info *info, mc_error *err)
{
    char json[2][512];
    mc_status statuses[2] = {MC_OK, MC_OK};
    (void)info;
    fixture_json(json[0], "773a1390f29313caabcd4801", "Imported", 6);
    fixture_json(json[1], "773a1390f29313caabcd4802", "Imported too", 7);
    const char *const texts[] = {json[0], json[1]};
    const size_t sizes[] = {strlen(json[0]), strlen(json[1])};
    mc_status st = mc_import_movies(mc, texts, sizes, 2, MC_IMPORT_REPLACE, statuses, err);
    assert_true(call_status_known(statuses[0]) && call_status_known(statuses[1]));
    return st;
}

static mc_status warm(mc_client *mc, mc_info *info, mc_error *err)
{
    int64_t loaded = 0;
    (void)info;
    mc_status st = mc_warm(mc, MC_WARM_MOVIES, 10, NULL, NULL, &loaded, err);
    assert_true(loaded >= 0 && loaded <= 10);
    return st;
}

static mc_status invalidate(mc_client *mc, mc_info *info, mc_error *err)
{
    return mc_invalidate(mc, ID3, info, err);
}

static mc_status invalidate_title(mc_client *mc, mc_info *info, mc_error *err)
{
    return mc_invalidate_title(mc, "Two", info, err);
}

static mc_status invalidate_all(mc_client *mc, mc_info *info, mc_error *err)
{
    return mc_invalidate_all(mc, info, err);
}

static mc_status put(mc_client *mc, mc_info *info, mc_error *err)
{
    return mc_put(mc, "k", "value", 5, 60000, info, err);
}

static mc_status put_many(mc_client *mc, mc_info *info, mc_error *err)
{
    const mc_entry entries[] = {{"k1", "a", 1}, {"k2", "b", 1}, {"k3", "", 0}};
    mc_status statuses[3] = {MC_OK, MC_OK, MC_OK};
    mc_status st = mc_put_many(mc, entries, 3, 60000, statuses, info, err);
    for (int i = 0; i < 3; i++)
        assert_true(call_status_known(statuses[i]));
    return st;
}

static mc_status value(mc_status st, char *out, size_t size)
{
    assert_true((st == MC_OK) == (out != NULL));
    if (out != NULL)
        assert_int_equal(out[size], '\0');
    mc_free(out);
    return st;
}

static mc_status get_value(mc_client *mc, mc_info *info, mc_error *err)
{
    char *out = NULL;
    size_t size = 0;
    mc_status st = mc_get(mc, "k", &out, &size, info, err);
    return value(st, out, size);
}

static mc_status remove_value(mc_client *mc, mc_info *info, mc_error *err)
{
    return mc_remove(mc, "k1", info, err);
}

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)user;
    (void)key;
    (void)deadline_ms;
    return mc_value_sink_set(sink, "loaded", 6);
}

static mc_status get_or_load(mc_client *mc, mc_info *info, mc_error *err)
{
    char *out = NULL;
    size_t size = 0;
    mc_status st = mc_get_or_load(mc, "q", 60000, load, NULL, &out, &size, info, err);
    return value(st, out, size);
}

static mc_status many_or_load(mc_client *mc, mc_info *info, mc_error *err)
{
    const char *keys[] = {"k1", "k2", "q2"};
    char *out[3];
    size_t sizes[3];
    mc_status statuses[3];
    mc_info infos[3];
    mc_status st = mc_get_many_or_load(mc, keys, 3, 60000, load, NULL, out, sizes, statuses, infos, err);
    *info = infos[0];
    for (int i = 0; i < 3; i++)
        (void)value(statuses[i], out[i], sizes[i]);
    return st;
}

static mc_status ping(mc_client *mc, mc_info *info, mc_error *err)
{
    (void)info;
    return mc_ping(mc, NULL, NULL, err);
}

static mc_status check(mc_client *mc, mc_info *info, mc_error *err)
{
    mc_findings *f = NULL;
    (void)info;
    mc_status st = mc_check(mc, &f, err);
    mc_findings_free(f);
    return st;
}

static mc_status inspect(mc_client *mc, mc_info *info, mc_error *err)
{
    char *text = NULL;
    (void)info;
    mc_status st = mc_inspect(mc, MC_INSPECT_MOVIE, ID1, &text, err);
    assert_true((st == MC_OK) == (text != NULL));
    mc_free(text);
    return st;
}

const call_kind calls[] = {
    {"mc_get_movie", get, 1, 0, 0},
    {"mc_get_movie_document", document, 1, 0, 0},
    {"mc_get_movie_by_title", title, 1, 0, 0},
    {"mc_get_movies", movies, 1, 1, 0},
    {"mc_get_theater", theater, 1, 0, 0},
    {"mc_nearby_theaters", near_here, 1, 0, 0},
    {"mc_nearby_theaters (across)", near_around, 1, 0, 0},
    {"mc_top_movies", top, 1, 0, 0},
    {"mc_trending", trending, 0, 0, 1},
    {"mc_rank_movie", rank, 1, 0, 0},
    {"mc_record_view", view, 0, 0, 1},
    {"mc_create_movie", create, 0, 0, 0},
    {"mc_update_movie", update, 0, 0, 0},
    {"mc_update_rating", rate, 0, 0, 0},
    {"mc_update_rating_by_title", rate_by_title, 0, 0, 0},
    {"mc_delete_movie", delete_one, 0, 0, 0},
    {"mc_import_movies", import, 0, 0, 0},
    {"mc_warm", warm, 0, 0, 1},
    {"mc_invalidate", invalidate, 0, 0, 1},
    {"mc_invalidate_title", invalidate_title, 0, 0, 1},
    {"mc_invalidate_all", invalidate_all, 0, 0, 1},
    {"mc_put", put, 0, 0, 1},
    {"mc_put_many", put_many, 0, 0, 1},
    {"mc_get", get_value, 0, 0, 1},
    {"mc_remove", remove_value, 0, 0, 1},
    {"mc_get_or_load", get_or_load, 1, 0, 0},
    {"mc_get_many_or_load", many_or_load, 1, 1, 0},
    {"mc_ping", ping, 0, 0, 1},
    {"mc_check", check, 0, 0, 0},
    {"mc_inspect", inspect, 0, 0, 1},
};
const size_t ncalls = sizeof calls / sizeof calls[0];
