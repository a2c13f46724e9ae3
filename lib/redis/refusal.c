/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: which errors say that the server cannot be used at all. Refuses: errors about one key. */
#include "redis/refusal.h"

#include <string.h>

static const mci_refusal refusals[] = {
    {"READONLY", MCI_LASTS_HERE},
    {"NOPERM", MCI_LASTS_ALWAYS},
    {"NOAUTH", MCI_LASTS_ALWAYS},
    {"CROSSSLOT", MCI_LASTS_ALWAYS},
    {"MOVED", MCI_LASTS_HERE},
    {"ERR unknown", MCI_LASTS_ALWAYS},
    {"OOM", 0},
    {"MISCONF", 0},
    {"BUSY", 0},
    {"LOADING", 0},
    {"MASTERDOWN", 0},
    {"NOREPLICAS", 0},
    {"ASK", MCI_LASTS_HERE},
    {"TRYAGAIN", 0},
    {"CLUSTERDOWN", MCI_LASTS_HERE},
    {"UNBLOCKED", 0},
    {"ERR max", 0},
    {"DENIED", MCI_LASTS_ALWAYS},
    {"ERR This instance has cluster", MCI_LASTS_ALWAYS},
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
