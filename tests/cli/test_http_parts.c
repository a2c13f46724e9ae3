/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what the benchmark over HTTP is made of, without a network: addresses, answers, lists of movies, the drawing. */
#include "cache_headers.h"
#include "draw.h"
#include "http_client.h"
#include "listing.h"
#include "plot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed;

#define CHECK(what)                                                                                                         \
    do {                                                                                                                    \
        if (!(what)) {                                                                                                      \
            failed = 1;                                                                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                                                      \
        }                                                                                                                   \
    } while (0)

/* http_client.c looks at this while it waits; app.c has the real one. */
int interrupted(void);
int interrupted(void)
{
    return 0;
}

static void test_addresses(void)
{
    static const char *const good[][3] = {
        {"http://127.0.0.1:8080", "127.0.0.1", "8080"},
        {"http://localhost/", "localhost", "80"},
        {"http://[::1]:1", "::1", "1"},
        {"http://a-b.example:65535/", "a-b.example", "65535"},
        {"http://h:00080", "h", "80"},
    };
    static const char *const bad[] = {
        "",
        "127.0.0.1:8080",
        "https://x",
        "http://",
        "http://:80",
        "http://x:0",
        "http://x:65536",
        "http://x:",
        "http://x:8a",
        "http://x/path",
        "http://x?q=1",
        "http://u:p@x",
        "http://u@x",
        "http://[::1",
        "http://[]:",
        "http://x y:80",
        "http://x\r\nA:b",
        "http://x:80#f",
        "HTTP://x",
        "ftp://x",
        "http://x:000080",
        "http://]",
        "http://[x/y]:80",
        "http://x:-1",
        "http://x:8080:",
        "http://x:8080@",
        "http://[::1]x:80",
    };
    http_server s;
    char why[300];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(http_parse(&s, good[i][0], why, sizeof why) == 0);
        CHECK(strcmp(s.host, good[i][1]) == 0 && strcmp(s.port, good[i][2]) == 0);
    }
    CHECK(http_parse(&s, "http://[::1]:81", why, sizeof why) == 0 && strcmp(s.origin, "http://[::1]:81") == 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why[0] = '\0';
        if (http_parse(&s, bad[i], why, sizeof why) != -1 || !why[0]) {
            fprintf(stderr, "taken for an address: %s\n", bad[i]);
            failed = 1;
        }
    }
}

static void test_escape(void)
{
    char path[40] = "/movies/";
    CHECK(http_escape(path, sizeof path, "a/b?\xC3\xA9-._~") == 0 && strcmp(path, "/movies/a%2Fb%3F%C3%A9-._~") == 0);
    char tight[8] = "/";
    CHECK(http_escape(tight, sizeof tight, "////") == -1);
}

static const struct {
    const char *line;
    http_cache cache;
    int64_t cache_ns;
} headers[] = {
    {"Cache-Status: mflixcache; hit; ttl=3; detail=\"redis\"\r\n", HTTP_CACHE_HIT, -1},
    {"cache-STATUS:MFLIXCACHE;hit", HTTP_CACHE_HIT, -1},
    {"Cache-Status: Other; hit, mflixcache;fwd=miss;stored\r\n", HTTP_CACHE_MISS, -1},
    {"Cache-Status: mflixcache; fwd=bypass; detail=\"a; hit, b\"\r\n", HTTP_CACHE_BYPASS, -1},
    {"Cache-Status: Other; detail=\"mflixcache; hit\", x\r\n", HTTP_CACHE_UNKNOWN, -1},
    {"Cache-Status: mflixcache; hit=?0\r\n", HTTP_CACHE_UNKNOWN, -1},
    {"Cache-Status: mflixcache; detail=\"\\\"; hit\"\r\n", HTTP_CACHE_UNKNOWN, -1},
    {"X-Cache-Status: mflixcache; hit\r\n", HTTP_CACHE_UNKNOWN, -1},
    {"Cache-Status\r\n", HTTP_CACHE_UNKNOWN, -1},
    {"Server-Timing: cache;desc=\"hit\";dur=0.085, total;dur=0.2\r\n", HTTP_CACHE_UNKNOWN, 85000},
    {"Server-Timing: total;dur=3\r\n", HTTP_CACHE_UNKNOWN, -1},
    {"Server-Timing: cache;dur=nan, cache;dur=-1, cache;dur=1x, cache\r\n", HTTP_CACHE_UNKNOWN, -1},
    {"\r\n", HTTP_CACHE_UNKNOWN, -1},
};

static void test_headers(void)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        http_answer a = {.cache_ns = -1};
        cache_header(headers[i].line, strlen(headers[i].line), &a);
        if (a.cache != headers[i].cache || a.cache_ns != headers[i].cache_ns) {
            failed = 1;
            fprintf(stderr, "read wrongly: %s\n", headers[i].line);
        }
    }
}

/* Any bytes at all: no crash, and no read outside of them (the sanitizer looks on). */
static void test_any_bytes(void)
{
    prng l = prng_seed(7, 'H', 0);
    for (int round = 0; round < 60000; round++) {
        const char *bytes = headers[prng_below(&l, sizeof headers / sizeof *headers)].line;
        size_t n = strlen(bytes);
        char *data = malloc(n);
        http_answer a = {0};
        memcpy(data, bytes, n);
        for (uint32_t k = prng_below(&l, 6); k > 0; k--)
            data[prng_below(&l, (uint32_t)n)] = (char)prng_below(&l, 256);
        cache_header(data, n, &a);
        CHECK(a.cache_ns >= 0);
        free(data);
    }
}

static int join(const char *id, void *user)
{
    strcat(user, id);
    strcat(user, "|");
    return strcmp(id, "stop") == 0 ? 7 : 0;
}

static int ids_of(const char *list, char *out)
{
    size_t n = strlen(list);
    char *exact = malloc(n ? n : 1); /* no NUL behind it */
    out[0] = '\0';
    memcpy(exact, list, n);
    int rc = listing_ids(exact, n, join, out);
    free(exact);
    return rc;
}

static void test_listing(void)
{
    char out[2048], *many = malloc(2000);
    CHECK(ids_of("{\"movies\":[{\"rank\":1,\"id\":\"a\",\"g\":[1,{\"id\":\"no\"}]}, "
                 "{\"id\":\"b\\u00e9\\\"\\ud83d\\ude00\"}],\"offset\":0}",
                 out) == 0);
    CHECK(strcmp(out, "a|b\xC3\xA9\"\xF0\x9F\x98\x80|") == 0);
    CHECK(ids_of(" { \"a_very_long_member_indeed\" : 1 } ", out) == -1);
    CHECK(ids_of("{\"answer\":{\"movies\":[]},\"movies\":[]}", out) == 0 && out[0] == '\0');
    CHECK(ids_of("{\"movies\":[{\"a_member_with_a_long_name\":-1.5e3,\"id\":\"x\"}]}", out) == 0 && strcmp(out, "x|") == 0);
    CHECK(ids_of("{\"movies\":[{\"id\":\"stop\"},{\"id\":\"b\"}]}", out) == 7);
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"movies\":{}}",
        "{\"movies\":[1]}",
        "{\"movies\":[{}]}",
        "{\"movies\":[{\"id\":1}]}",
        "{\"movies\":[{\"title\":\"x\"}]}",
        "{\"movies\":[{\"id\":\"x\"}",
        "{\"movies\":[{\"id\":\"x\\u0000\"}]}",
        "{\"movies\":[{\"id\":\"\\ud800\"}]}",
        "{\"movies\":[{\"id\":\"\\q\"}]}",
        "{\"movies\":[{\"id\":\"x\n\"}]}",
        "{\"movies\":[{\"id\":\"x\" \"y\"}]}",
        "{\"x\":}",
        "{\"movies\":[{\"id\":\"x\"},]}",
        "{\"movies\":[{\"id\":\"\\u12\"}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (ids_of(bad[i], out) != -1) {
            failed = 1;
            fprintf(stderr, "taken for a list: %s\n", bad[i]);
        }
    }
    memset(many, '[', 1000);
    memcpy(many, "{\"x\":", 5);
    many[1000] = '\0';
    CHECK(ids_of(many, out) == -1); /* too deep, not a crash */
    memcpy(many, "{\"movies\":[{\"id\":\"", 18);
    memset(many + 18, 'i', 257);
    memcpy(many + 18 + 257, "\"}]}", 5);
    CHECK(ids_of(many, out) == -1);
    memmove(many + 18, many + 19, 300);
    CHECK(ids_of(many, out) == 0 && strlen(out) == 257);
    free(many);
}

static void draw_into(char *to, size_t size, const plot_data *d, void (*plot)(FILE *, const plot_data *))
{
    FILE *f = tmpfile();
    plot(f, d);
    rewind(f);
    to[fread(to, 1, size - 1, f)] = '\0';
    fclose(f);
}

/* Into how many parts the last line of a class falls. */
static int parts_of(const char *drawn, const char *kind)
{
    char begin[40];
    const char *line = NULL;
    int parts = 0;
    snprintf(begin, sizeof begin, "class=\"%s\" d=\"", kind);
    for (const char *at = strstr(drawn, begin); at; at = strstr(at + 1, begin))
        line = at + strlen(begin);
    for (const char *at = line ? line : ""; *at && *at != '"'; at++)
        parts += *at == 'M';
    return parts;
}

static void test_plot(void)
{
    static char drawn[65536];
    plot_slice slices[3] = {{.n = {0, 0}}};
    plot_data d = {.title = "a & b < \"c\"", .seconds = 3, .n_slices = 3, .slices = slices};
    draw_into(drawn, sizeof drawn, &d, plot_svg); /* no request at all */
    CHECK(strstr(drawn, "a &amp; b &lt; &quot;c&quot;") && !strstr(drawn, "nan") && !strstr(drawn, "inf"));
    slices[0] = (plot_slice){{5, 5}, {0.1, 2}, {0.2, 30000}, 0.5, 10, 2};
    slices[2] = (plot_slice){{5, 0}, {0, 0}, {1e-9, 0}, 1, 0, 4};
    d.rows[d.n_rows++] = (plot_row){"movie, hit", 0.1, 0.1, 0.2, 0.3, 5};
    draw_into(drawn, sizeof drawn, &d, plot_html);
    CHECK(strstr(drawn, "movie, hit</td><td>0.100") && !strstr(drawn, "nan") && !strstr(drawn, "inf"));
    CHECK(!strstr(drawn, "Load</text>"));
    CHECK(parts_of(drawn, "cached") == 2); /* the line breaks where there were none */
    d.load = 1;
    d.bridge = 1;
    draw_into(drawn, sizeof drawn, &d, plot_svg);
    CHECK(parts_of(drawn, "cached") == 1 && parts_of(drawn, "load") == 1 && parts_of(drawn, "users") == 1);
    CHECK(strstr(drawn, "Load</text>") && strstr(drawn, ">10/s</text>") && !strstr(drawn, "nan"));
    CHECK(plot_kind_ok("a.svg") && plot_kind_ok("b.c.html") && !plot_kind_ok("svg") && !plot_kind_ok("a.png"));
}

int main(void)
{
    static void (*const tests[])(void) = {test_addresses, test_escape,  test_headers,
                                          test_any_bytes, test_listing, test_plot};
    int bad = 0, n = (int)(sizeof tests / sizeof *tests);
    for (int i = 0; i < n; i++) {
        failed = 0;
        tests[i]();
        bad += failed;
    }
    printf("%d passed, %d failed, 0 skipped\n", n - bad, bad);
    return bad ? 1 : 0;
}
