/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: where announced addresses are reached. Refuses: guessing: what is not in the map is reached where it says. */
#include "redis/nat.h"

#include <string.h>

/* "host:port" of `n` bytes. 0, or -1. */
static int split(const char *text, size_t n, char host[256], int *port)
{
    size_t at = n;
    while (at > 0 && text[at - 1] != ':')
        at--;
    if (at < 2 || at - 1 >= 256)
        return -1;
    size_t len = at - 1;
    const char *begin = text;
    if (text[0] == '[' && text[len - 1] == ']') {
        begin++;
        len -= 2;
    }
    memcpy(host, begin, len);
    host[len] = '\0';
    *port = 0;
    for (size_t i = at; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || *port > 6553)
            return -1;
        *port = *port * 10 + (text[i] - '0');
    }
    return len > 0 && *port > 0 && *port < 65536 ? 0 : -1;
}

/* The next pair of the map; NULL: there is none left, or (`*wrong`) it is none. */
static const char *next_pair(const char *p, char from[256], int *from_port, char to[256], int *to_port, int *wrong)
{
    *wrong = 0;
    if (*p == '\0')
        return NULL;
    size_t n = strcspn(p, ",");
    size_t eq = strcspn(p, "=");
    *wrong = eq >= n || split(p, eq, from, from_port) != 0 || split(p + eq + 1, n - eq - 1, to, to_port) != 0;
    return *wrong ? NULL : p + n + (p[n] == ',');
}

const char *mci_nat_check(const char *nat)
{
    char host[2][256];
    int port[2];
    int wrong = 0;
    while (nat != NULL)
        nat = next_pair(nat, host[0], &port[0], host[1], &port[1], &wrong);
    return wrong ? "must be announced-host:port=host:port, more of them after commas" : NULL;
}

void mci_nat_translate(const char *nat, char host[256], int *port)
{
    char from[256];
    char to[256];
    int from_port = 0;
    int to_port = 0;
    int wrong = 0;
    for (const char *p = nat; (p = next_pair(p, from, &from_port, to, &to_port, &wrong)) != NULL;) {
        if (from_port != *port || strcmp(from, host) != 0)
            continue;
        memcpy(host, to, sizeof to);
        *port = to_port;
        return;
    }
}
