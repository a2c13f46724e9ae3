/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what the benchmark over HTTP is made of, without a network: addresses, answers, lists of movies, the drawing. */
#include "draw.h"
#include "http.h"
#include "http_answer.h"
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

/* http.c looks at this while it waits; app.c has the real one. */
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
    CHECK(http_parse(&s, "http://[::1]:81", why, sizeof why) == 0 && strcmp(s.header, "[::1]:81") == 0);
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

#define HEAD "HTTP/1.1 200 OK\r\n"

static const struct {
    const char *text;
    int ended; /* the connection ends behind it */
    int status;
    const char *body;
    http_cache cache;
    int64_t cache_ns;
    int keep;
} answers[] = {
    {HEAD "Content-Length: 2\r\n\r\nok", 0, 200, "ok", HTTP_CACHE_UNKNOWN, -1, 1},
    {HEAD "content-length:2\r\nContent-Length: 2\r\nConnection: foo, Close\r\n\r\nok", 0, 200, "ok", HTTP_CACHE_UNKNOWN, -1,
     0},
    {"HTTP/1.1 204 \r\n\r\n", 0, 204, "", HTTP_CACHE_UNKNOWN, -1, 1},
    {"HTTP/1.1 204\r\n\r\n", 0, 204, "", HTTP_CACHE_UNKNOWN, -1, 1},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 0, 404, "", HTTP_CACHE_UNKNOWN, -1, 1},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", 0, 200, "abc0123456789",
     HTTP_CACHE_UNKNOWN, -1, 1},
    {HEAD "Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n", 0, 200, "a", HTTP_CACHE_UNKNOWN, -1, 1},
    {HEAD "\r\nuntil the end", 1, 200, "until the end", HTTP_CACHE_UNKNOWN, -1, 0},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 0, 200, "x", HTTP_CACHE_UNKNOWN, -1, 0},
    {HEAD "Cache-Status: mflixcache; hit; ttl=3; detail=\"redis\"\r\nServer-Timing: cache;desc=\"hit\";dur=0.085, "
          "total;dur=0.2\r\n"
          "Content-Length: 0\r\n\r\n",
     0, 200, "", HTTP_CACHE_HIT, 85000, 1},
    {HEAD "Cache-Status: Other; hit, mflixcache;fwd=miss;stored\r\nContent-Length: 0\r\n\r\n", 0, 200, "", HTTP_CACHE_MISS,
     -1, 1},
    {HEAD
     "Cache-Status: mflixcache; fwd=bypass; detail=\"a; hit, b\"\r\nServer-Timing: total;dur=3\r\nContent-Length: 0\r\n\r\n",
     0, 200, "", HTTP_CACHE_BYPASS, -1, 1},
    {HEAD "Cache-Status: Other; detail=\"mflixcache; hit\", x\r\nContent-Length: 0\r\n\r\n", 0, 200, "", HTTP_CACHE_UNKNOWN,
     -1, 1},
    {HEAD "Cache-Status: mflixcache; hit=?0\r\nServer-Timing: cache;dur=nan, cache;dur=-1, cache;dur=1x, cache\r\n"
          "Content-Length: 0\r\n\r\n",
     0, 200, "", HTTP_CACHE_UNKNOWN, -1, 1},
};

static const char *const broken[] = {
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000\r\n\r\n",
    "HTTP/1.1 999 x\r\n\r\n",
    "SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/1.1 101 Switching\r\n\r\n",
    HEAD " folded: x\r\n\r\n",
    HEAD ": x\r\n\r\n",
    HEAD "no colon\r\n\r\n",
    HEAD "a: b\nc: d\r\n\r\n",
    HEAD "Content-Length: -1\r\n\r\n",
    HEAD "Content-Length: 2, 2\r\n\r\n",
    HEAD "Content-Length: \r\n\r\n",
    HEAD "Content-Length: 0x2\r\n\r\n",
    HEAD "Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
    HEAD "Content-Length: 17825793\r\n\r\n",
    HEAD "Content-Length: 99999999999999999999\r\n\r\n",
    HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\nx\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n3 x\r\nabc",
    HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n",
};

/* The same bytes at once, and one by one. */
static void test_answers(void)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        size_t n = strlen(answers[i].text);
        for (size_t step = 1; step <= n; step += n - 1) {
            char data[512];
            http_reader r;
            http_answer a = {0};
            reader_state state = READER_MORE;
            memcpy(data, answers[i].text, n + 1);
            reader_begin(&r);
            size_t at = 0;
            while (at < n && state == READER_MORE) {
                at = at + step < n ? at + step : n;
                char kept = data[at];
                state = reader_take(&r, data, at, 0, &a);
                if (state == READER_MORE)
                    data[at] = kept;
            }
            if (answers[i].ended)
                state = reader_take(&r, data, at, 1, &a);
            int right = state == READER_DONE && r.used == n && a.status == answers[i].status && r.keep == answers[i].keep &&
                        a.size == strlen(answers[i].body) && memcmp(a.body, answers[i].body, a.size + 1) == 0 &&
                        a.cache == answers[i].cache && a.cache_ns == answers[i].cache_ns;
            if (!right) {
                failed = 1;
                fprintf(stderr, "answer %zu, %zu bytes at a time: %s\n", i, step, r.why ? r.why : "wrong");
            }
        }
    }
}

static void test_broken_answers(void)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char data[512];
        http_reader r;
        http_answer a;
        size_t n = strlen(broken[i]);
        memcpy(data, broken[i], n + 1);
        reader_begin(&r);
        if (reader_take(&r, data, n, 0, &a) != READER_BROKEN || !r.why) {
            failed = 1;
            fprintf(stderr, "taken for an answer: %s\n", broken[i]);
        }
    }
    char *long_head = malloc(40001);
    http_reader r;
    http_answer a;
    memset(long_head, 'x', 40001);
    reader_begin(&r);
    CHECK(reader_take(&r, long_head, HTTP_MAX_HEAD, 0, &a) == READER_MORE);
    CHECK(reader_take(&r, long_head, HTTP_MAX_HEAD + 1, 0, &a) == READER_BROKEN);
    free(long_head);
}

/* Any bytes at all: no crash, no read outside of them (the sanitizer looks on), and no answer with a body outside of them. */
static void test_any_bytes(void)
{
    lots l = lots_begin(7, 'H', 0);
    size_t n_answers = sizeof answers / sizeof *answers;
    for (int round = 0; round < 60000; round++) {
        const char *bytes = round % 2 ? answers[lots_below(&l, (uint32_t)n_answers)].text
                                      : broken[lots_below(&l, sizeof broken / sizeof *broken)];
        size_t n = strlen(bytes);
        char *data = malloc(n + 1);
        http_reader r;
        http_answer a = {0};
        memcpy(data, bytes, n);
        for (uint32_t k = lots_below(&l, 6); k > 0; k--)
            data[lots_below(&l, (uint32_t)n)] = (char)lots_below(&l, 256);
        reader_begin(&r);
        if (reader_take(&r, data, n, (int)lots_below(&l, 2), &a) == READER_DONE)
            CHECK(a.body >= data && a.body + a.size <= data + n && r.used <= n);
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

static void test_plot(void)
{
    static char drawn[65536];
    plot_data d = {.title = "a & b < \"c\"", .seconds = 3, .n_slices = 3};
    draw_into(drawn, sizeof drawn, &d, plot_svg); /* no request at all */
    CHECK(strstr(drawn, "a &amp; b &lt; &quot;c&quot;") && !strstr(drawn, "nan") && !strstr(drawn, "inf"));
    d.slices[0] = (plot_slice){{5, 5}, {0.1, 2}, {0.2, 30000}, 0.5};
    d.slices[2] = (plot_slice){{5, 0}, {0, 0}, {1e-9, 0}, 1};
    d.rows[d.n_rows++] = (plot_row){"movie, hit", 0.1, 0.1, 0.2, 0.3, 5};
    draw_into(drawn, sizeof drawn, &d, plot_html);
    CHECK(strstr(drawn, "movie, hit</td><td>0.100") && !strstr(drawn, "nan") && !strstr(drawn, "inf"));
    /* The line of the cached ones breaks where there were none: two parts. */
    const char *line = strstr(strstr(drawn, "Hit ratio</text>"), "class=\"cached\" d=\"");
    int parts = 0;
    for (const char *at = line ? line + 18 : ""; *at && *at != '"'; at++)
        parts += *at == 'M';
    CHECK(parts == 2);
}

int main(void)
{
    static void (*const tests[])(void) = {test_addresses, test_escape,  test_answers, test_broken_answers,
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
