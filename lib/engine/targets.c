/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the table of where unique keys led. Refuses: growing. */
#include "engine/targets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 2048
#define WAYS 4 /* keys that fall into one row; the one that was noted longest ago goes */

struct mci_target {
    uint64_t hash;
    char id[40];
};

int mci_targets_init(mci_targets *t)
{
    t->place = NULL;
    return mci_mutex_init(&t->lock);
}

void mci_targets_destroy(mci_targets *t)
{
    free(t->place);
    mci_mutex_destroy(&t->lock);
}

static uint64_t hash_of(const char *key)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (const char *p = key; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return h;
}

void mci_targets_get(mci_targets *t, const char *key, char id[MCI_ID_CAP])
{
    uint64_t h = hash_of(key);
    id[0] = '\0';
    mci_mutex_lock(&t->lock);
    if (t->place != NULL) {
        const mci_target *row = &t->place[(h ^ h >> 32) % ROWS * WAYS];
        for (int i = 0; i < WAYS && id[0] == '\0'; i++)
            if (row[i].hash == h)
                memcpy(id, row[i].id, sizeof row[i].id);
    }
    mci_mutex_unlock(&t->lock);
}

void mci_targets_note(mci_targets *t, const char *key, const char *id)
{
    uint64_t h = hash_of(key);
    mci_target new = {.hash = h};
    size_t n = strlen(id);
    if (n >= sizeof new.id)
        return;
    memcpy(new.id, id, n + 1);
    mci_mutex_lock(&t->lock);
    if (t->place == NULL)
        t->place = calloc((size_t)ROWS * WAYS, sizeof *t->place);
    if (t->place != NULL) {
        mci_target *row = &t->place[(h ^ h >> 32) % ROWS * WAYS];
        int last = 0;
        while (last < WAYS - 1 && row[last].hash != h)
            last++;
        memmove(&row[1], &row[0], (size_t)last * sizeof *row);
        row[0] = new;
    }
    mci_mutex_unlock(&t->lock);
}
