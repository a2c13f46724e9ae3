/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: addresses, and requests by libcurl with their limits and their outcomes. cache_headers.c reads what an answer says of the
 * cache. Refuses: https (a benchmark of encryption is another one), names and passwords in the address, a path after it, proxies
 * that the environment names.
 */
#include "http_client.h"

#include "app.h"
#include "cache_headers.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 100 /* Ctrl-C is noticed after so long at most */

const char *http_outcome_name(http_outcome o)
{
    static const char *const names[HTTP_OUTCOMES] = {"answered", "connect",       "timeout", "closed",
                                                     "protocol", "out of memory", "stopped"};
    return names[o];
}

/* ---- Addresses */

static int parse_port(http_server *s, const char *text, size_t n)
{
    long port = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)text[i]) || n > 5)
            return -1;
        port = port * 10 + (text[i] - '0');
    }
    if (port < 1 || port > 65535)
        return -1;
    snprintf(s->port, sizeof s->port, "%ld", port);
    return 0;
}

/* Letters, digits, and what else names and addresses are made of. */
static int host_ok(const char *host, int bracketed)
{
    for (const char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(bracketed ? ":.%" : "-._", *p))
            return 0;
    return *host != '\0';
}

int http_parse(http_server *s, const char *url, char *why, size_t size)
{
    memset(s, 0, sizeof *s);
    if (strncmp(url, "https://", 8) == 0) {
        snprintf(why, size, "https is not spoken here; give the address behind the proxy, as http://HOST:PORT");
        return -1;
    }
    if (strncmp(url, "http://", 7) != 0) {
        snprintf(why, size, "'%.80s' does not begin with http:// (form: http://HOST:PORT)", url);
        return -1;
    }
    const char *host = url + 7;
    int bracketed = *host == '[';
    host += bracketed;
    size_t n = strcspn(host, bracketed ? "]" : ":/?#@");
    const char *rest = host + n;
    if (n == 0 || n >= sizeof s->host || (bracketed && *rest++ != ']')) {
        snprintf(why, size, "'%.80s' names no host (form: http://HOST:PORT)", url);
        return -1;
    }
    memcpy(s->host, host, n);
    if (strchr(rest, '@') || !host_ok(s->host, bracketed)) {
        snprintf(why, size, "'%.80s' is not a host name or address (user names and passwords are not sent)", s->host);
        return -1;
    }
    size_t digits = *rest == ':' ? strcspn(rest + 1, "/?#") : 0;
    if (*rest != ':') {
        memcpy(s->port, "80", 3);
    } else if (parse_port(s, rest + 1, digits)) {
        snprintf(why, size, "the port of '%.80s' is not a number from 1 to 65535", url);
        return -1;
    } else {
        rest += 1 + digits;
    }
    if (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0) {
        snprintf(why, size, "'%.80s' follows the address: give host and port alone", rest);
        return -1;
    }
    snprintf(s->origin, sizeof s->origin, bracketed ? "http://[%s]:%s" : "http://%s:%s", s->host, s->port);
    return 0;
}

int http_escape(char *to, size_t size, const char *text)
{
    size_t at = strlen(to);
    char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));
    int fits = escaped && strlen(escaped) < size - at;
    if (fits)
        memcpy(to + at, escaped, strlen(escaped) + 1);
    curl_free(escaped);
    return fits ? 0 : -1;
}

/* ---- What comes */

static size_t take_header(char *line, size_t one, size_t n, void *user)
{
    http_conn *c = user;
    (void)one;
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* an answer begins, be it an interim one */
        c->head = 0;
        c->out->cache = HTTP_CACHE_UNKNOWN;
        c->out->cache_ns = -1;
    }
    c->head += n;
    if (c->head > HTTP_MAX_HEAD) {
        snprintf(c->why, sizeof c->why, "the head of the answer is above 16 KiB");
        return 0;
    }
    cache_header(line, n, c->out);
    return n;
}

/* Part of the body: kept with a NUL behind it. */
static size_t take_body(char *data, size_t one, size_t n, void *user)
{
    http_conn *c = user;
    size_t capacity = c->capacity ? c->capacity : 16384;
    (void)one;
    if (c->n + n > HTTP_MAX_BODY) {
        snprintf(c->why, sizeof c->why, "the body of the answer is above 17 MiB");
        return 0;
    }
    while (capacity < c->n + n + 1)
        capacity *= 2;
    if (capacity != c->capacity) {
        char *grown = realloc(c->data, capacity);
        if (!grown)
            return 0;
        c->data = grown;
        c->capacity = capacity;
    }
    memcpy(c->data + c->n, data, n);
    c->n += n;
    c->data[c->n] = '\0';
    return n;
}

/* ---- Asking */

int http_begin(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

void http_end(void)
{
    curl_global_cleanup();
}

void http_conn_free(http_conn *c)
{
    curl_easy_cleanup(c->easy);
    curl_multi_cleanup(c->multi);
    free(c->data);
    c->easy = c->multi = c->data = NULL;
    c->capacity = c->n = 0;
}

static int set_up(http_conn *c)
{
    c->multi = curl_multi_init(); /* it keeps the connection */
    c->easy = curl_easy_init();
    CURL *e = c->easy;
    return c->multi && e && !curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 1L) &&
           !curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) && !curl_easy_setopt(e, CURLOPT_PROXY, "") &&
           !curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L) && /* an id may be ".." */
           !curl_easy_setopt(e, CURLOPT_USERAGENT, "mflix") &&
           !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)HTTP_TIMEOUT_MS) &&
           !curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_MAX_BODY) &&
           !curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header) && !curl_easy_setopt(e, CURLOPT_HEADERDATA, c) &&
           !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body) && !curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
}

/* The transfer from begin to end. *stopped: Ctrl-C ended it. */
static CURLcode transfer(http_conn *c, int *stopped)
{
    CURLcode result = CURLE_OUT_OF_MEMORY;
    int running = 1, left;
    *stopped = 0;
    if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
        return result;
    while (!curl_multi_perform(c->multi, &running) && running && !(*stopped = interrupted()))
        if (curl_multi_poll(c->multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK)
            break;
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left)) != NULL;)
        if (m->msg == CURLMSG_DONE)
            result = m->data.result;
    curl_multi_remove_handle(c->multi, c->easy);
    return result;
}

static http_outcome failed(http_conn *c, http_outcome o, const char *what)
{
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "%s", what);
    return o;
}

/* What a transfer that failed was: `text` is libcurl's own. */
static http_outcome outcome_of(http_conn *c, CURLcode code, const char *text)
{
    curl_off_t sent_us = 0;
    long os_error = 0;
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        (void)curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_error);
        return failed(c, HTTP_CONNECT, os_error ? strerror((int)os_error) : text);
    case CURLE_COULDNT_RESOLVE_HOST:
        return failed(c, HTTP_CONNECT, text);
    case CURLE_OPERATION_TIMEDOUT:
        (void)curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
        return sent_us > 0 ? failed(c, HTTP_TIMEOUT, "no complete answer within 10 s")
                           : failed(c, HTTP_CONNECT, "no connection within 10 s");
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return failed(c, HTTP_CLOSED, "the connection ended before the answer did");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return failed(c, HTTP_CLOSED, text);
    case CURLE_FILESIZE_EXCEEDED:
        return failed(c, HTTP_PROTOCOL, "the body of the answer is above 17 MiB");
    case CURLE_UNSUPPORTED_PROTOCOL: /* taken for HTTP/0.9, which has no head */
        return failed(c, HTTP_PROTOCOL, "the answer does not begin with a status line of HTTP/1.1");
    case CURLE_OUT_OF_MEMORY:
        return failed(c, HTTP_NOMEM, "out of memory");
    case CURLE_WRITE_ERROR: /* we refused what came, and said why */
        return c->why[0] ? HTTP_PROTOCOL : failed(c, HTTP_NOMEM, "out of memory");
    default:
        return failed(c, HTTP_PROTOCOL, text);
    }
}

/* A server may close a kept connection while the next request is on its way: nothing came, and it was never served. RFC 9112
 * section 9.3.1. */
static int worth_repeating(const http_conn *c, CURLcode code, long opened)
{
    return opened == 0 && c->head == 0 &&
           (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR);
}

/* The request, on a new connection when the kept one turns out to be closed. */
static CURLcode request(http_conn *c, int *stopped)
{
    long opened = 0;
    CURLcode code = transfer(c, stopped);
    (void)curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &opened);
    c->opened += opened;
    if (*stopped || !worth_repeating(c, code, opened))
        return code;
    (void)curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
    code = transfer(c, stopped);
    (void)curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 0L);
    (void)curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &opened);
    c->opened += opened;
    return code;
}

http_outcome http_ask(http_conn *c, const char *method, const char *target, http_answer *out)
{
    char url[sizeof c->server->origin + HTTP_MAX_TARGET], text[CURL_ERROR_SIZE] = "";
    curl_off_t sent_us = 0, total_us = 0;
    long status = 0;
    int stopped;
    memset(out, 0, sizeof *out);
    c->out = out;
    c->n = c->head = 0;
    c->why[0] = '\0';
    if (!c->easy && !set_up(c))
        return failed(c, HTTP_NOMEM, "out of memory");
    snprintf(url, sizeof url, "%s%s", c->server->origin, target);
    if (curl_easy_setopt(c->easy, CURLOPT_URL, url) || curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method) ||
        curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, text))
        return failed(c, HTTP_NOMEM, "out of memory");
    CURLcode code = request(c, &stopped);
    (void)curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, NULL);
    if (stopped)
        return failed(c, HTTP_STOPPED, "interrupted");
    if (code)
        return outcome_of(c, code, text[0] ? text : curl_easy_strerror(code));
    (void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    (void)curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    if (status < 200 || status > 599)
        return failed(c, HTTP_PROTOCOL, "the status of the answer is none of HTTP");
    out->status = (int)status;
    out->elapsed_ns = (total_us > sent_us ? total_us - sent_us : 1) * 1000;
    out->body = c->data ? c->data : "";
    out->size = c->n;
    return HTTP_ANSWERED;
}
