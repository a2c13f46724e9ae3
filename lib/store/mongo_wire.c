/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: a stream of the driver that passes everything on to the driver's own, with the time-out cut to what is left of the
 * operation's deadline. Refuses to connect once it has passed. Releases of the driver from 1.27 on take a time-out for each
 * operation; that has to do there, though a connection that must be made first then has its own.
 */
#include "store/mongo_wire.h"

#if MONGOC_CHECK_VERSION(1, 27, 0)

void mci_mongo_wire_attach(mci_mongo_wire *w, mongoc_client_t *client)
{
    w->client = client;
}

void mci_mongo_wire_until(mci_mongo_wire *w, mci_deadline dl)
{
    int left = mci_deadline_left_ms(dl);
    w->dl = dl;
    /* Giving the client back to the pool restores the pool's. */
    mongoc_client_set_sockettimeoutms(w->client, left < 1 ? 1 : left);
}

#else

/* The driver's own way to connect. Its library exports it; its headers leave it out in these releases, which are finished. */
extern mongoc_stream_t *mongoc_client_default_stream_initiator(const mongoc_uri_t *uri, const mongoc_host_list_t *host,
                                                               void *client, bson_error_t *error);

#define STREAM_TYPE 0x6d66 /* none of the driver's own */

typedef struct stream {
    mongoc_stream_t base; /* first */
    mongoc_stream_t *inner;
    const mci_mongo_wire *wire;
} stream;

static stream *of(mongoc_stream_t *s)
{
    return (stream *)s;
}

/* At least 1 ms: to the driver 0 is "do not wait", and what has arrived already is worth reading. */
static int32_t cut(const stream *s, int32_t timeout_ms)
{
    int left = mci_deadline_left_ms(s->wire->dl);
    if (left < 1)
        left = 1;
    return timeout_ms < 0 || timeout_ms > left ? left : timeout_ms;
}

static ssize_t wire_writev(mongoc_stream_t *s, mongoc_iovec_t *iov, size_t n, int32_t timeout_ms)
{
    return mongoc_stream_writev(of(s)->inner, iov, n, cut(of(s), timeout_ms));
}

static ssize_t wire_readv(mongoc_stream_t *s, mongoc_iovec_t *iov, size_t n, size_t min_bytes, int32_t timeout_ms)
{
    return mongoc_stream_readv(of(s)->inner, iov, n, min_bytes, cut(of(s), timeout_ms));
}

static int wire_close(mongoc_stream_t *s)
{
    return mongoc_stream_close(of(s)->inner);
}

static int wire_flush(mongoc_stream_t *s)
{
    return mongoc_stream_flush(of(s)->inner);
}

static int wire_setsockopt(mongoc_stream_t *s, int level, int name, void *value, mongoc_socklen_t len)
{
    return mongoc_stream_setsockopt(of(s)->inner, level, name, value, len);
}

static mongoc_stream_t *wire_base(mongoc_stream_t *s)
{
    return of(s)->inner;
}

static bool wire_check_closed(mongoc_stream_t *s)
{
    return mongoc_stream_check_closed(of(s)->inner);
}

static bool wire_timed_out(mongoc_stream_t *s)
{
    return mongoc_stream_timed_out(of(s)->inner);
}

static bool wire_should_retry(mongoc_stream_t *s)
{
    return mongoc_stream_should_retry(of(s)->inner);
}

static void wire_destroy(mongoc_stream_t *s)
{
    mongoc_stream_destroy(of(s)->inner);
    bson_free(s);
}

static void wire_failed(mongoc_stream_t *s)
{
    mongoc_stream_failed(of(s)->inner);
    bson_free(s);
}

/* The driver's own connecting, with less time. */
static mongoc_stream_t *connect_within(const mongoc_uri_t *uri, const mongoc_host_list_t *host, void *user_data,
                                       bson_error_t *error)
{
    mci_mongo_wire *w = user_data;
    int left = mci_deadline_left_ms(w->dl);
    if (left == 0) {
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "no time left to connect to %s",
                       host->host_and_port);
        return NULL;
    }
    mongoc_uri_t *shorter = mongoc_uri_copy(uri);
    int32_t given = mongoc_uri_get_option_as_int32(shorter, MONGOC_URI_CONNECTTIMEOUTMS, 0);
    if (given <= 0 || given > left)
        (void)mongoc_uri_set_option_as_int32(shorter, MONGOC_URI_CONNECTTIMEOUTMS, left);
    mongoc_stream_t *inner = mongoc_client_default_stream_initiator(shorter, host, w->client, error);
    mongoc_uri_destroy(shorter);
    if (inner == NULL)
        return NULL;
    stream *s = bson_malloc0(sizeof *s);
    *s = (stream){.inner = inner,
                  .wire = w,
                  .base = {.type = STREAM_TYPE,
                           .destroy = wire_destroy,
                           .close = wire_close,
                           .flush = wire_flush,
                           .writev = wire_writev,
                           .readv = wire_readv,
                           .setsockopt = wire_setsockopt,
                           .get_base_stream = wire_base,
                           .check_closed = wire_check_closed,
                           .failed = wire_failed,
                           .timed_out = wire_timed_out,
                           .should_retry = wire_should_retry}};
    return &s->base;
}

void mci_mongo_wire_attach(mci_mongo_wire *w, mongoc_client_t *client)
{
    w->client = client;
    mongoc_client_set_stream_initiator(client, connect_within, w);
}

void mci_mongo_wire_until(mci_mongo_wire *w, mci_deadline dl)
{
    w->dl = dl;
}

#endif
