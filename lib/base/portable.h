/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systems do differently: sockets that are closed in a child and raise no signal, and random bytes. MCI_LINUX is 1 where Linux' own ways are
 * taken, here and in base/sync; with MFLIXCACHE_PORTABLE (a switch of the build) Linux takes the ways of the others, so that they are tested.
 */
#ifndef MCI_BASE_PORTABLE_H
#define MCI_BASE_PORTABLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#if defined __linux__ && !defined MFLIXCACHE_PORTABLE
#define MCI_LINUX 1
#else
#define MCI_LINUX 0
#endif

/* A socket that does not block and is closed in a program that this one becomes. As socket(2). */
int mci_socket(int family, int type, int protocol);
/* As sendmsg(2) on such a socket, and a peer that is gone is EPIPE and no signal. */
ssize_t mci_sendmsg(int fd, const struct msghdr *msg, int flags);
/* Bytes that nobody can guess. 0, or -1. */
int mci_random_bytes(void *out, size_t n);
/* When a file was last changed, in nanoseconds since 1970. */
int64_t mci_changed_ns(const struct stat *s);

#endif
