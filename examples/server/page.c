/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how the page's files are sent. Refuses every name that is not in the table: no path ever reaches the file system.
 */
#include "page.h"
#include "respond.h"
#include "router.h"

#include <microhttpd.h>
#include <string.h>

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".webmanifest", "application/manifest+json"},
        {".woff2", "font/woff2"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* RFC 9110 section 13.1.2: a list of tags, or "*"; weak ones count as well. */
static int known_already(const request *r, const char *etag)
{
    const char *seen = MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, "If-None-Match");
    return seen && (strcmp(seen, "*") == 0 || strstr(seen, etag));
}

static void send_file(request *r, const char *name)
{
    const page_file *f = page_files;
    while (f->name && strcmp(f->name, name) != 0)
        f++;
    if (!f->name) {
        refuse(r, 404, NULL, "there is no such file");
        return;
    }
    add_header(r, "ETag", "%s", f->etag);
    add_header(r, "Cache-Control", "no-cache"); /* kept, and asked for each time: a new build shows at once */
    r->content_type = type_of(name);
    if (known_already(r, f->etag)) {
        r->status = 304;
        r->content_type = NULL;
        return;
    }
    r->fixed = f->data;
    r->fixed_size = f->size;
}

void get_page(request *r)
{
    send_file(r, "index.html");
}

/* index.html has its own place, and the description as well. */
void get_asset(request *r)
{
    const char *name = r->segments[1];
    send_file(r, strcmp(name, "index.html") == 0 || strcmp(name, "openapi.json") == 0 ? "" : name);
}

void get_description(request *r)
{
    send_file(r, "openapi.json");
}
