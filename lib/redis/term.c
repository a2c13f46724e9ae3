/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: reading a server's term out of INFO replication. Refuses: an id that is not the primary's own (master_replid2 is an earlier one). */
#include "redis/term.h"

#include "base/random.h"
#include "base/syncpoint.h"

#include <string.h>

#define REPLID_LEN 40

void mci_term_ask(mci_batch *b)
{
    mci_cmd(b, "INFO");
    mci_arg_str(b, "replication");
}

/* The value of the line "name:value"; NULL: there is none. */
static const char *field(const mci_reply *r, const char *name, size_t *n)
{
    const char *end = r->u.str + r->len;
    size_t len = strlen(name);
    for (const char *p = r->u.str; p < end;) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        const char *stop = eol != NULL ? eol : end;
        if ((size_t)(stop - p) > len && memcmp(p, name, len) == 0 && p[len] == ':') {
            const char *value = p + len + 1;
            *n = (size_t)(stop - value);
            if (*n > 0 && value[*n - 1] == '\r')
                --*n;
            return value;
        }
        p = stop + 1;
    }
    return NULL;
}

mci_term mci_term_of(const mci_reply *r, int64_t asked_ns)
{
    mci_term t = {.asked_ns = asked_ns};
    size_t n = 0;
    if (r == NULL || r->type != MCI_REPLY_STRING)
        return t;
    const char *role = field(r, "role", &n);
    if (role != NULL && n == 5 && memcmp(role, "slave", n) == 0 && MCI_SAFEGUARD(MCI_SAFEGUARD_ROLE)) {
        t.kind = MCI_TERM_REPLICA;
        return t;
    }
    const char *id = field(r, "master_replid", &n);
    if (role == NULL || id == NULL || n != REPLID_LEN || strspn(id, "0123456789abcdef") < n || strspn(id, "0") >= n)
        return t;
    t.kind = MCI_TERM_PRIMARY;
    t.tag = (int64_t)(mci_checksum(0, id, n) >> 11) + 1;
    return t;
}
