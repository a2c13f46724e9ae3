/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte stream under a connection: a socket, or what is laid over one. Deadlines are absolute. One thread sends and one receives at a time, which may be
 * two; who they are is the business of redis/shared.h.
 */
#ifndef MCI_REDIS_STREAM_H
#define MCI_REDIS_STREAM_H

#include "base/clock.h"
#include <stddef.h>
#include <sys/uio.h>

typedef struct mci_stream mci_stream;

typedef enum mci_received {
    MCI_RECEIVED_BYTES = 0,
    MCI_RECEIVED_NOTHING,  /* by the deadline, or before a signal: look at the clock */
    MCI_RECEIVED_END,      /* the other side closed it, or it failed; the code is the errno, or 0 */
    MCI_RECEIVED_NO_MEMORY /* said by whoever takes the bytes */
} mci_received;

typedef struct mci_stream_ops {
    int (*send)(mci_stream *s, struct iovec *pieces, int n, mci_deadline dl, size_t *done);
    mci_received (*receive)(mci_stream *s, char *buf, size_t size, int wait, mci_deadline dl, size_t *got, int *code);
    void (*close)(mci_stream *s);
} mci_stream_ops;

struct mci_stream {
    const mci_stream_ops *ops;
    int fd;
};

/* A stream over a connected, blocking socket, which is the stream's from then on. NULL when memory is short. */
mci_stream *mci_stream_over_socket(int fd);

/*
 * Write the pieces in order. `*done` receives how many bytes of them went out: what is left is given again, from there on, by the next who
 * sends, perhaps with more behind it. 0: all; else an errno, ETIMEDOUT when the deadline passed. The pieces are changed.
 */
int mci_stream_send(mci_stream *s, struct iovec *pieces, int n, mci_deadline dl, size_t *done);

/* Read what is there, at most `size` bytes; wait for it when `wait`. */
mci_received mci_stream_receive(mci_stream *s, char *buf, size_t size, int wait, mci_deadline dl, size_t *got, int *code);

/* End it for whoever sends or receives now, from any thread. It is still to be closed. */
void mci_stream_shut(mci_stream *s);

/* Nobody sends or receives any more. NULL: nothing happens. */
void mci_stream_close(mci_stream *s);

/* Leave out of the pieces what has gone out. */
void mci_pieces_advance(struct iovec **pieces, int *n, size_t sent);

#endif
