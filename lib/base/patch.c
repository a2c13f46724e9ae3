/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the memory of a patch. Refuses nothing: its contents are checked where it is made (codec/json_patch.c). */
#include "base/patch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int mci_patch_add(mci_patch *p, const char *path, const char *json, size_t len)
{
    /* Room in powers of two, so that the count alone shows when it is used up. */
    if ((p->n & (p->n - 1)) == 0) {
        size_t cap = p->n == 0 ? 1 : p->n * 2;
        mci_step *steps = cap > SIZE_MAX / sizeof *steps ? NULL : realloc(p->steps, cap * sizeof *steps);
        if (steps == NULL)
            return -1;
        p->steps = steps;
    }
    mci_step s = {.path = strdup(path), .len = json != NULL ? len : 0};
    if (json != NULL && (s.json = malloc(len + 1)) != NULL) {
        memcpy(s.json, json, len);
        s.json[len] = '\0';
    }
    if (s.path == NULL || (json != NULL && s.json == NULL)) {
        free(s.path);
        free(s.json);
        return -1;
    }
    p->steps[p->n++] = s;
    return 0;
}

void mci_patch_free(mci_patch *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->steps[i].path);
        free(p->steps[i].json);
    }
    free(p->steps);
    *p = (mci_patch){0};
}
