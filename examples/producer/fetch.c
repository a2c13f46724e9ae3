/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: getting at a CSV. Refuses: half a download, other protocols than http, https and ftp, and more than 64 MiB. */
#include "fetch.h"

#include <errno.h>
#include <string.h>
#ifdef HAVE_CURL
#include <curl/curl.h>
#endif

#define BYTES_MAX (64L << 20)
#define CONNECT_S 10L
#define FETCH_S 60L

int fetch_is_url(const char *source)
{
    return strstr(source, "://") != NULL;
}

#ifdef HAVE_CURL
typedef struct download {
    FILE *to;
    long bytes;
} download;

/* Less than was given ends the transfer. */
static size_t take(char *p, size_t size, size_t n, void *user)
{
    download *d = user;
    d->bytes += (long)(size * n);
    return d->bytes > BYTES_MAX ? 0 : fwrite(p, size, n, d->to);
}

static void protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,ftp");
    (void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS | CURLPROTO_FTP);
    (void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

static FILE *get(const char *url, char why[FETCH_WHY])
{
    char reason[CURL_ERROR_SIZE] = "";
    download d = {.to = tmpfile()};
    CURL *curl = d.to != NULL ? curl_easy_init() : NULL;
    CURLcode rc = CURLE_FAILED_INIT;
    if (curl != NULL) {
        protocols(curl);
        (void)curl_easy_setopt(curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
        (void)curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L); /* a 404 is no CSV */
        (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
        (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, FETCH_S);
        (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &d);
        rc = curl_easy_perform(curl);
        curl_easy_cleanup(curl);
    }
    if (rc == CURLE_OK && fseek(d.to, 0, SEEK_SET) == 0)
        return d.to;
    /* The reason alone: a URL may have a password in it. */
    (void)snprintf(why, FETCH_WHY, "the URL cannot be fetched: %.180s",
                   d.bytes > BYTES_MAX ? "more than 64 MiB"
                   : reason[0] != '\0' ? reason
                                       : curl_easy_strerror(rc));
    if (d.to != NULL)
        (void)fclose(d.to);
    return NULL;
}
#else
static FILE *get(const char *url, char why[FETCH_WHY])
{
    (void)url;
    (void)snprintf(why, FETCH_WHY, "this program was built without libcurl: give a file, or - and a pipe");
    return NULL;
}
#endif

FILE *fetch_open(const char *source, char why[FETCH_WHY])
{
    if (strcmp(source, "-") == 0)
        return stdin;
    if (fetch_is_url(source))
        return get(source, why);
    FILE *f = fopen(source, "r");
    if (f == NULL)
        (void)snprintf(why, FETCH_WHY, "%.150s: %.80s", source, strerror(errno));
    return f;
}

void fetch_close(FILE *f)
{
    if (f != stdin)
        (void)fclose(f);
}
