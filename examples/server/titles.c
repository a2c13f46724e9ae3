/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the titles that are near what somebody typed: case, accents and punctuation do not count, then what begins so, contains it, or is
 * spelt nearly so. The titles are read from the database when first asked for, and again when they are older than ten minutes; one
 * request does that while others use what is there. Refuses to keep more than 200,000 of them.
 */
#include "respond.h"
#include "router.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 200000
#define LONG 120 /* bytes of a folded title: what is behind them does not count */
#define AGE_NS INT64_C(600000000000)
#define FAR 1000

typedef struct known {
    char *title; /* as it is; its folded form is behind the NUL */
    const char *folded;
} known;

typedef struct known_list {
    known *row;
    size_t n;
    size_t room;
    int failed;
} known_list;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the three below */
static known_list all;
static int64_t read_ns; /* 0: never */
static int reading;

/* ---- folding ---- */

/* The base letters of U+00C0 to U+017F; '*' and '/' are no letters. */
static const char bases[] = "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiijjjjkkklllllll"
                            "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* One character of UTF-8: its bytes, at least 1. */
static size_t next(const unsigned char *p, unsigned *code)
{
    size_t n = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    *code = *p < 0x80 ? *p : *p & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return i;
        *code = *code << 6 | (p[i] & 0x3fu);
    }
    return n;
}

static size_t characters(const char *text_of_utf8)
{
    size_t n = 0;
    for (const char *p = text_of_utf8; *p != '\0'; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    return n;
}

/* Small letters without accents, digits, one blank between words; other scripts stay as they are. */
static void fold(const char *word_or_more, char out[LONG + 8])
{
    size_t n = 0;
    int gap = 0;
    for (const unsigned char *p = (const unsigned char *)word_or_more; *p != '\0' && n < LONG;) {
        unsigned code;
        size_t size = next(p, &code);
        char letter = '\0';
        if (code < 0x80)
            letter = (char)(code >= 'A' && code <= 'Z' ? code + 32 : code);
        else if (code >= 0xc0 && code < 0xc0 + sizeof bases - 1)
            letter = bases[code - 0xc0];
        int word = letter != '\0' ? (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')
                                  : code >= 0x180 && (code < 0x2000 || code > 0x206f);
        int mark = (code >= 0x300 && code < 0x370) || (code >= 0x2018 && code <= 0x201b) ||
                   code == '\''; /* of the letter before it */
        if (word && !mark) {
            if (gap && n > 0)
                out[n++] = ' ';
            if (letter != '\0')
                out[n++] = letter;
            else
                memcpy(out + n, p, size), n += size;
        }
        gap = mark ? gap : !word;
        p += size;
    }
    out[n] = '\0';
}

/* ---- what is known ---- */

static void drop(known_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->row[i].title);
    free(l->row);
    memset(l, 0, sizeof *l);
}

static int add(known_list *l, const char *title)
{
    char folded[LONG + 8];
    size_t size = strlen(title) + 1;
    fold(title, folded);
    if (l->n == l->room) {
        size_t room = l->room * 2 + 256;
        known *more = realloc(l->row, room * sizeof *more);
        if (more == NULL)
            return -1;
        l->row = more;
        l->room = room;
    }
    char *both = malloc(size + strlen(folded) + 1);
    if (both == NULL)
        return -1;
    memcpy(both, title, size);
    memcpy(both + size, folded, strlen(folded) + 1);
    l->row[l->n++] = (known){both, both + size};
    return 0;
}

static int take(void *user, const char *json, size_t size)
{
    known_list *l = user;
    json_t *document = json_loadb(json, size, 0, NULL);
    const char *title = json_string_value(json_object_get(document, "title"));
    if (title != NULL && strlen(title) <= 256)
        l->failed |= add(l, title) != 0;
    json_decref(document);
    return l->failed || l->n == KEPT;
}

/* Old titles serve on when new ones cannot be had. */
static mc_status refresh(request *r, mc_error *err)
{
    known_list fresh = {0};
    pthread_mutex_lock(&lock);
    int mine = !reading && (read_ns == 0 || now_ns() - read_ns > AGE_NS);
    reading |= mine;
    pthread_mutex_unlock(&lock);
    if (!mine)
        return MC_OK;
    mc_status st = mc_export_movies(r->app->cached, take, &fresh, err);
    int whole = st == MC_OK || (st == MC_E_ABORT && !fresh.failed);
    pthread_mutex_lock(&lock);
    reading = 0;
    if (whole) {
        known_list old = all;
        all = fresh;
        fresh = old;
        read_ns = now_ns();
    }
    whole |= all.n > 0;
    pthread_mutex_unlock(&lock);
    drop(&fresh);
    return whole ? MC_OK : st;
}

/* ---- nearness ---- */

/* Changes, omissions and additions from one to the other; FAR when there are more than `most`. */
static int distance(const char *a, const char *b, int most)
{
    int row[LONG + 9];
    int na = (int)strlen(a), nb = (int)strlen(b);
    if (na - nb > most || nb - na > most)
        return FAR;
    for (int j = 0; j <= nb; j++)
        row[j] = j;
    for (int i = 1; i <= na; i++) {
        int diagonal = row[0], least = row[0] = i;
        for (int j = 1; j <= nb; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            int drop_one = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < drop_one ? change : drop_one;
            least = row[j] < least ? row[j] : least;
        }
        if (least > most)
            return FAR;
    }
    return row[nb] <= most ? row[nb] : FAR;
}

/* 0: the same; then what begins so, has it in it, is part of it, is spelt nearly so; FAR: none of these. */
static int far(const char *asked, const char *title)
{
    size_t n = strlen(asked);
    if (strcmp(asked, title) == 0)
        return 0;
    if (n >= 3 && strncmp(asked, title, n) == 0)
        return 10 + (int)(strlen(title) - n);
    if (n >= 3 && strstr(title, asked) != NULL)
        return 200 + (int)(strlen(title) - n);
    int d = distance(asked, title, n < 5 ? 1 : n < 10 ? 2 : 3);
    return d < FAR ? 3 * d : FAR;
}

typedef struct near_row {
    int far;
    const char *title;
} near_row;

/* Into the best `n`, each title once. */
static void place(near_row *best, size_t n, near_row one)
{
    for (size_t i = 0; i < n; i++)
        if (best[i].title != NULL && strcmp(best[i].title, one.title) == 0)
            return;
    for (size_t i = 0; i < n; i++) {
        if (best[i].title == NULL || one.far < best[i].far) {
            near_row pushed = best[i];
            best[i] = one;
            one = pushed;
            if (one.title == NULL)
                return;
        }
    }
}

void get_titles(request *r)
{
    enum { MOST = 20 };
    near_row best[MOST] = {{0, NULL}};
    char asked[LONG + 8];
    int64_t n;
    mc_error err = {0};
    const char *near = param_text(r, "near");
    if (near == NULL || *near == '\0' || characters(near) > 256) {
        refuse_value(r, MC_E_ARG, "near: a text of 1 to 256 characters must be given");
        return;
    }
    if (!param_int(r, "n", 5, 1, MOST, &n))
        return;
    mc_status st = refresh(r, &err);
    if (st != MC_OK) {
        refuse_status(r, st, &err);
        return;
    }
    fold(near, asked);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < all.n && asked[0] != '\0'; i++) {
        near_row one = {far(asked, all.row[i].folded), all.row[i].title};
        if (one.far < FAR && (best[n - 1].title == NULL || one.far < best[n - 1].far))
            place(best, (size_t)n, one);
    }
    put_open(&r->out, NULL, '{');
    put_open(&r->out, "titles", '[');
    for (int64_t i = 0; i < n && best[i].title != NULL; i++)
        put_text(&r->out, NULL, best[i].title);
    pthread_mutex_unlock(&lock);
    put_close(&r->out, ']');
    put_close(&r->out, '}');
}
