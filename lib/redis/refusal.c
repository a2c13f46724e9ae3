/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: which errors say that the server cannot be used at all. Refuses: errors about one key. */
#include "redis/refusal.h"

#include <string.h>

static const mci_refusal refusals[] = {
    {"READONLY", 1},
    {"NOPERM", 1},
    {"NOAUTH", 1},
    {"CROSSSLOT", 1},
    {"MOVED", 1},
    {"ERR unknown", 1},
    {"OOM", 0},
    {"MISCONF", 0},
    {"BUSY", 0},
    {"LOADING", 0},
    {"MASTERDOWN", 0},
    {"NOREPLICAS", 0},
    {"ASK", 1},
    {"TRYAGAIN", 0},
    {"CLUSTERDOWN", 1},
    {"UNBLOCKED", 0},
    {"ERR max", 0},
    {"DENIED", 1},
    {"ERR This instance has cluster", 1},
};

/* Errors of a command inside a script come after the script's own text on servers before 7. */
const mci_refusal *mci_refusal_of(const mci_reply *r)
{
    if (r == NULL || r->type != MCI_REPLY_ERROR)
        return NULL;
    const char *inner = strstr(r->u.str, ": -");
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        size_t n = strlen(refusals[i].text);
        if (strncmp(r->u.str, refusals[i].text, n) == 0 || (inner != NULL && strncmp(inner + 3, refusals[i].text, n) == 0))
            return &refusals[i];
    }
    return NULL;
}
