// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: the documents, and the contenders' copies of them:
 *   plain:ID   the whole document as a string of JSON      fields:ID  what the accessors tell, as a shorter string of JSON
 *   hash:ID    the same fields as a plain hash             board      a sorted set of the ratings
 *   place:ID   a theater as a plain hash, places a geo set, placejson:ID its document; and a table of id and JSON in SQLite
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPIES 4000 /* films that contenders have: more than they are asked for */

struct fields { /* of one film, as texts */
    const char *names[20];
    char *values[20];
    size_t n;
};

static void add(struct fields *f, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    f->names[f->n] = name;
    f->values[f->n++] = strdup(value);
}

static void add_list(struct fields *f, const char *name, const mc_movie *m, size_t n,
                     const char *(*item)(const mc_movie *m, size_t i))
{
    char text[4096] = "";
    size_t used = 0;
    for (size_t i = 0; i < n && used < sizeof text - 1; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? ", " : "", item(m, i));
    add(f, name, text);
}

static void add_number(struct fields *f, const char *name, mc_status st, double v)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.10g", v);
    add(f, name, st == MC_OK ? text : NULL);
}

static struct fields fields_of(const mc_movie *m)
{
    struct fields f = {.n = 0};
    char year[32] = "";
    int runtime = 0;
    double rating = 0;
    int64_t votes = 0;
    int64_t imdb = 0;
    int64_t released = 0;
    (void)mc_movie_year_text(m, year, sizeof year);
    add(&f, "title", mc_movie_title(m));
    add(&f, "plot", mc_movie_plot(m));
    add(&f, "poster", mc_movie_poster(m));
    add(&f, "rated", mc_movie_rated(m));
    add(&f, "type", mc_movie_type(m));
    add(&f, "year", year);
    add_number(&f, "runtime", mc_movie_runtime(m, &runtime), runtime);
    add_number(&f, "rating", mc_movie_rating(m, &rating), rating);
    add_number(&f, "votes", mc_movie_votes(m, &votes), (double)votes);
    add_number(&f, "imdb", mc_movie_imdb_id(m, &imdb), (double)imdb);
    add_number(&f, "released", mc_movie_released(m, &released), (double)released);
    add_list(&f, "genres", m, mc_movie_genre_count(m), mc_movie_genre);
    add_list(&f, "directors", m, mc_movie_director_count(m), mc_movie_director);
    add_list(&f, "cast", m, mc_movie_cast_count(m), mc_movie_cast);
    add_list(&f, "countries", m, mc_movie_country_count(m), mc_movie_country);
    add_list(&f, "languages", m, mc_movie_language_count(m), mc_movie_language);
    return f;
}

static void free_fields(struct fields *f)
{
    while (f->n > 0)
        free(f->values[--f->n]);
}

/* {"title":"...",...} */
static char *fields_json(const struct fields *f)
{
    size_t room = 3;
    for (size_t i = 0; i < f->n; i++)
        room += strlen(f->names[i]) + 6 + 2 * strlen(f->values[i]);
    char *text = malloc(room);
    check(text != NULL, "memory");
    char *at = text;
    *at++ = '{';
    for (size_t i = 0; i < f->n; i++) {
        at += sprintf(at, "%s\"%s\":\"", i > 0 ? "," : "", f->names[i]);
        for (const char *c = f->values[i]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\')
                *at++ = '\\';
            *at++ = *c;
        }
        *at++ = '"';
    }
    (void)strcpy(at, "}");
    return text;
}

/* A hash in the contenders' format; its reply is read later. */
static void append_hash(const char *key, const struct fields *f)
{
    const char *argv[42] = {"HSET", key};
    int argc = 2;
    for (size_t i = 0; i < f->n; i++) {
        argv[argc++] = f->names[i];
        argv[argc++] = f->values[i];
    }
    redisAppendCommandArgv(bench.rc, argc, argv, NULL);
}

static void read_replies(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        redisReply *r = NULL;
        if (redisGetReply(bench.rc, (void **)&r) != REDIS_OK || r == NULL || r->type == REDIS_REPLY_ERROR)
            die("contenders' data", r != NULL ? r->str : bench.rc->errstr);
        freeReplyObject(r);
    }
}

static void exec(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(db));
}

sqlite3 *open_database(void)
{
    char path[600];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/plain.db", bench.dir);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        die(path, "cannot open");
    exec(db, "PRAGMA journal_mode=WAL"); /* the library's store is written in the same mode */
    (void)sqlite3_busy_timeout(db, 5000);
    return db;
}

/* One film's copies. */
static size_t lay_out_film(const struct film *film, sqlite3_stmt *insert)
{
    const mc_movie *m = NULL;
    mc_bytes json;
    char key[64];
    mc_error err;
    double rating = 0;
    if (mc_get_movie_document(bench.mc, film->id, &m, NULL, &err) != MC_OK || mc_movie_json(m, &json) != MC_OK)
        die("a film", err.text);
    struct fields f = fields_of(m);
    char *fields = fields_json(&f);
    (void)mc_movie_rating(m, &rating);
    (void)snprintf(key, sizeof key, "hash:%s", film->id);
    redisAppendCommand(bench.rc, "SET plain:%s %b", film->id, json.data, json.size);
    redisAppendCommand(bench.rc, "SET fields:%s %s", film->id, fields);
    append_hash(key, &f);
    redisAppendCommand(bench.rc, "ZADD board %.10g %s", rating, film->id);
    (void)sqlite3_bind_text(insert, 1, film->id, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(insert, 2, json.data, (int)json.size, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
        die("the contenders' table", sqlite3_errmsg(bench.db));
    free(fields);
    free_fields(&f);
    mc_movie_unref(m);
    return 4;
}

/* Every film on the board, the best rated first, a page at a time. Of films with one title only the first keeps it. */
static void list_films(void)
{
    size_t room = 32768;
    bench.films = calloc(room, sizeof *bench.films);
    check(bench.films != NULL, "memory");
    for (bool more = true; more && bench.n_films + 1000 <= room;) {
        mc_list *page = NULL;
        mc_error err;
        if (mc_top_movies(bench.mc, (int64_t)bench.n_films, 1000, &page, NULL, &err) != MC_OK)
            die("the board", err.text);
        for (size_t i = 0; i < mc_list_size(page); i++) {
            struct film *f = &bench.films[bench.n_films++];
            const char *title = mc_movie_title(mc_list_movie(page, i));
            (void)snprintf(f->id, sizeof f->id, "%s", mc_movie_id(mc_list_movie(page, i)));
            f->title = strdup(title != NULL ? title : "");
        }
        more = mc_list_size(page) == 1000;
        mc_list_free(page);
    }
}

static void lay_out_films(void)
{
    sqlite3_stmt *insert = NULL;
    exec(bench.db, "CREATE TABLE plain(id TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID; BEGIN");
    if (sqlite3_prepare_v2(bench.db, "INSERT INTO plain VALUES(?,?)", -1, &insert, NULL) != SQLITE_OK)
        die("the contenders' table", sqlite3_errmsg(bench.db));
    size_t n = bench.n_films < COPIES ? bench.n_films : COPIES;
    for (size_t i = 0, pending = 0; i < n; i++) {
        pending += lay_out_film(&bench.films[i], insert);
        if (pending >= 400 || i + 1 == n) {
            read_replies(pending);
            pending = 0;
        }
    }
    (void)sqlite3_finalize(insert);
    exec(bench.db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

static void lay_out_theaters(void)
{
    mc_list *page = NULL;
    mc_error err;
    if (mc_nearby_theaters(bench.mc, -95, 38, 20000000, 1000, &page, NULL, &err) != MC_OK)
        die("theaters", err.text);
    for (size_t i = 0; i < mc_list_size(page); i++) {
        const mc_theater *t = mc_list_theater(page, i);
        struct fields f = {.n = 0};
        char key[64];
        double lon = 0;
        double lat = 0;
        (void)mc_list_location(page, i, &lon, &lat);
        add(&f, "street1", mc_theater_street1(t));
        add(&f, "city", mc_theater_city(t));
        add(&f, "state", mc_theater_state(t));
        add(&f, "zipcode", mc_theater_zipcode(t));
        char *json = fields_json(&f);
        (void)snprintf(key, sizeof key, "place:%s", mc_theater_id(t));
        redisAppendCommand(bench.rc, "GEOADD places %.17g %.17g %s", lon, lat, mc_theater_id(t));
        redisAppendCommand(bench.rc, "SET placejson:%s %s", mc_theater_id(t), json);
        append_hash(key, &f);
        read_replies(3);
        free(json);
        free_fields(&f);
    }
    mc_list_free(page);
}

/* Made-up documents with the statistics of the real ones; with MFLIX_DATA=FOLDER the files that are there. */
void lay_out_data(void)
{
    char store[600];
    char movies[512];
    char theaters[512];
    const char *count = bench.tiny ? "2500" : bench.quick ? "12000" : "21349";
    const char *data = getenv("MFLIX_DATA");
    (void)snprintf(store, sizeof store, "sqlite:%s/mflix.db", bench.dir);
    (void)snprintf(movies, sizeof movies, "%s/movies.ndjson.gz", data != NULL ? data : "");
    (void)snprintf(theaters, sizeof theaters, "%s/theaters.ndjson.gz", data != NULL ? data : "");
    if (data != NULL && data[0] != '\0' && access(movies, R_OK) == 0 && access(theaters, R_OK) == 0) {
        (void)run_mflix(store, "mflix:", (const char *[]){"load", movies, NULL});
        (void)run_mflix(store, "mflix:", (const char *[]){"load", theaters, NULL});
    } else {
        (void)run_mflix(store, "mflix:", (const char *[]){"generate", "--load", "--movies", count, NULL});
    }
    bench.mc = open_client(&bench.redis, store, "mflix:");
    bench.rc = connect_redis(&bench.redis);
    bench.db = open_database();
    mc_error err;
    int64_t loaded = 0;
    if (mc_warm(bench.mc, MC_WARM_ALL, 0, NULL, NULL, &loaded, &err) != MC_OK)
        die("warming", err.text);
    list_films();
    check(bench.n_films >= HOT_KEYS, "at least 2,000 rated films");
    seed_keys();
    lay_out_films();
    lay_out_theaters();
}
