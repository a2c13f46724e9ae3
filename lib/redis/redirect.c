/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: reading redirections and repeating what was redirected. Refuses: taking a transaction apart. */
#include "redis/redirect.h"

#include <string.h>

/* "MOVED 3999 127.0.0.1:6381", "ASK 3999 host:6381", "MOVED 3999 :6381" */
static int read_address(const char *text, mci_redirect *out)
{
    const char *host = strchr(text, ' ');
    host = host != NULL ? strchr(host + 1, ' ') : NULL;
    const char *colon = host != NULL ? strrchr(host, ':') : NULL;
    if (colon == NULL || (size_t)(colon - host) > sizeof out->host)
        return -1;
    size_t n = (size_t)(colon - host) - 1;
    memcpy(out->host, host + 1, n);
    out->host[n] = '\0';
    out->port = 0;
    for (const char *p = colon + 1; *p >= '0' && *p <= '9' && out->port < 100000; p++)
        out->port = out->port * 10 + (*p - '0');
    return out->port > 0 && out->port < 65536 ? 0 : -1;
}

static int begins(const mci_reply *r, const char *word)
{
    return strncmp(r->u.str, word, strlen(word)) == 0;
}

mci_redirect mci_redirect_of(const mci_reply *r)
{
    mci_redirect out = {.kind = MCI_REDIRECT_NONE};
    if (r == NULL || r->type != MCI_REPLY_ERROR)
        return out;
    if (begins(r, "MOVED ") && read_address(r->u.str, &out) == 0)
        out.kind = MCI_REDIRECT_MOVED;
    else if (begins(r, "ASK ") && read_address(r->u.str, &out) == 0)
        out.kind = MCI_REDIRECT_ASK;
    else if (begins(r, "TRYAGAIN"))
        out.kind = MCI_REDIRECT_LATER;
    else if (begins(r, "LOADING") || begins(r, "CLUSTERDOWN") || begins(r, "MASTERDOWN"))
        out.kind = MCI_REDIRECT_DOWN;
    else if (begins(r, "READONLY"))
        out.kind = MCI_REDIRECT_DEMOTED;
    return out;
}

static int is_command(const mci_batch *b, size_t i, const char *bytes)
{
    size_t n = strlen(bytes);
    return b->out.len - b->cmds[i].begin >= n && memcmp(b->out.data + b->cmds[i].begin, bytes, n) == 0;
}

size_t mci_redirect_unit(const mci_batch *b, size_t i)
{
    if (!is_command(b, i, "*1\r\n$5\r\nMULTI\r\n"))
        return i + 1;
    while (i + 1 < b->n && !is_command(b, i, "*1\r\n$4\r\nEXEC\r\n"))
        i++;
    return i + 1;
}

mci_redirect mci_redirect_of_unit(const mci_batch *b, size_t i, size_t end)
{
    mci_redirect r = {.kind = MCI_REDIRECT_NONE};
    for (; i < end && r.kind == MCI_REDIRECT_NONE; i++)
        r = mci_redirect_of(b->cmds[i].reply);
    return r;
}

void mci_redirect_pack(mci_batch *to, const mci_batch *from, size_t i, size_t end, int asking)
{
    if (asking)
        mci_cmd(to, "ASKING");
    for (; i < end; i++)
        mci_batch_copy(to, from, i);
}
