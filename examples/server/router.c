/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns which path and method lead where, and which parameters each takes. Refuses unknown paths (404), methods (405 with
 * Allow) and parameters (400), so that a misspelt one does not pass for its default.
 */
#include "router.h"
#include "respond.h"

#include <stdio.h>
#include <string.h>

/* A literal segment comes before the one in braces that would match it too. */
static const route routes[] = {
    {"GET", "/", get_page, "", 0},
    {"GET", "/assets/{name}", get_asset, "", 0},
    {"GET", "/openapi.json", get_description, "", 0},
    {"GET", "/movies", get_movie_by_title, "title cache ", ROUTE_CACHE | ROUTE_READS},
    {"POST", "/movies", post_movie, "", ROUTE_JSON},
    {"GET", "/movies/top", get_top, "n offset cache ", ROUTE_CACHE | ROUTE_READS},
    {"GET", "/movies/trending", get_trending, "n ", ROUTE_READS},
    {"GET", "/movies/{id}", get_movie, "cache ", ROUTE_CACHE | ROUTE_READS},
    {"PATCH", "/movies/{id}", patch_movie, "", ROUTE_JSON | ROUTE_PATCH},
    {"DELETE", "/movies/{id}", delete_movie, "", 0},
    {"PUT", "/movies/{id}/rating", put_rating, "", ROUTE_JSON},
    {"POST", "/movies/{id}/views", post_view, "", 0},
    {"GET", "/theaters/near", get_near, "lon lat radius n cache ", ROUTE_CACHE | ROUTE_READS},
    {"GET", "/titles", get_titles, "near n ", 0},
    {"GET", "/values/{key}", get_value, "", 0},
    {"PUT", "/values/{key}", put_value, "ttl_ms ", ROUTE_JSON},
    {"DELETE", "/values/{key}", remove_value, "", 0},
    {"DELETE", "/cache", drop_everything, "", 0},
    {"DELETE", "/cache/movies/{id}", drop_movie, "", 0},
    {"GET", "/healthz", get_health, "", 0},
    {"GET", "/readyz", get_ready, "", 0},
    {"GET", "/metrics", get_metrics, "", 0},
    {"GET", "/stats", get_stats, "", 0},
};
enum { N_ROUTES = sizeof routes / sizeof routes[0] };
_Static_assert(N_ROUTES < MAX_ROUTES, "MAX_ROUTES is too small");

size_t route_number(const route *row)
{
    size_t i = 0;
    while (strcmp(routes[i].path, row->path) != 0)
        i++;
    return i;
}

const char *route_path(size_t number)
{
    return number < N_ROUTES ? routes[number].path : NULL;
}

static int matches(const route *row, const request *r)
{
    const char *p = row->path + 1;
    for (size_t i = 0; i < r->n_segments; i++) {
        size_t size = strcspn(p, "/");
        const char *segment = r->segments[i];
        if (size == 0 || *segment == '\0')
            return 0;
        if (*p != '{' && (strlen(segment) != size || memcmp(segment, p, size) != 0))
            return 0;
        p += size + (p[size] == '/');
    }
    return *p == '\0';
}

/* "GET, HEAD, PATCH, OPTIONS": the methods of one path. */
static void allowed(const char *path, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < N_ROUTES; i++)
        if (strcmp(routes[i].path, path) == 0)
            used += (size_t)snprintf(out + used, size - used, "%s%s, ", routes[i].method,
                                     strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
    snprintf(out + used, size - used, "OPTIONS");
}

static int takes(const route *row, const char *name)
{
    char word[40];
    snprintf(word, sizeof word, "%.30s ", name);
    for (const char *at = row->params; (at = strstr(at, word)) != NULL; at++)
        if (at == row->params || at[-1] == ' ')
            return 1;
    return 0;
}

static int check_params(request *r)
{
    const char *cache = param_text(r, "cache");
    for (size_t i = 0; i < r->n_params; i++)
        if (strlen(r->params[i].name) == 0 || strchr(r->params[i].name, ' ') || !takes(r->route, r->params[i].name))
            return refuse_value(r, MC_E_ARG, "query: no parameter \"%.64s\" here", r->params[i].name);
    if (cache && strcmp(cache, "on") != 0 && strcmp(cache, "off") != 0)
        return refuse_value(r, MC_E_ARG, "cache: must be on or off, not \"%.40s\"", cache);
    r->past_cache = cache && strcmp(cache, "off") == 0;
    return 1;
}

int find_route(request *r)
{
    const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
    char allow[80];
    for (size_t i = 0; i < N_ROUTES; i++) {
        if (!matches(&routes[i], r) || (r->route && strcmp(routes[i].path, r->route->path) != 0))
            continue;
        r->route = &routes[i];
        if (strcmp(routes[i].method, method) == 0)
            return check_params(r);
    }
    if (!r->route)
        return refuse(r, 404, NULL, "there is nothing at this path");
    allowed(r->route->path, allow, sizeof allow);
    add_header(r, "Allow", "%s", allow);
    if (strcmp(method, "OPTIONS") != 0)
        return refuse(r, 405, NULL, "%.20s is not allowed here, only %s", r->method, allow);
    r->status = 204;
    return 0;
}
