/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: growing lists of ids and ranks. Refuses: to grow past memory, and ranks that no set could hold. */
#include "store/scores.h"

#include <math.h>
#include <stdlib.h>

int mci_scores_add(mci_scores *s, const char *id, size_t len, double score)
{
    if (!isfinite(score))
        return 0;
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 512 : s->cap * 2;
        double *more = realloc(s->score, cap * sizeof *more);
        if (more == NULL)
            return -1;
        s->score = more;
        s->cap = cap;
    }
    s->ids.max = SIZE_MAX / 4;
    mci_buf_add(&s->ids, id, len);
    mci_buf_add(&s->ids, "", 1);
    if (s->ids.failed)
        return -1;
    s->score[s->n++] = score;
    return 0;
}

void mci_scores_clear(mci_scores *s)
{
    mci_buf_reset(&s->ids);
    s->n = 0;
}

void mci_scores_free(mci_scores *s)
{
    mci_buf_free(&s->ids);
    free(s->score);
    *s = (mci_scores){0};
}
