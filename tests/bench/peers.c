// SPDX-License-Identifier: Apache-2.0
/* Owns: programs in other languages that take part: which are there, how they are asked. */
#include "threads.h"

size_t add_peers(struct party *p, size_t room, size_t threads)
{
    (void)p;
    (void)room;
    (void)threads;
    return 0;
}

void end_peers(void)
{
}

const char *peers_missing(const char *toolchain)
{
    (void)toolchain;
    return "needs --peers";
}

void s16_server(void)
{
    not_measured("S16", "mflix-server, 16 connections, a cached film", peers_missing("go"));
}
