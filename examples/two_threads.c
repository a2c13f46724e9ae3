/* SPDX-License-Identifier: Apache-2.0 */
/* One handle, two threads: one changes a rating, the other never reads anything older than what was acknowledged. */
#include "common.h"

#include <pthread.h>
#include <stdatomic.h>

#define CHANGES 200

static mc_client *mc;
static _Atomic int acknowledged; /* newest number of votes whose write has returned */
static _Atomic int done;

static void *writer(void *arg)
{
    (void)arg;
    for (int votes = 1; votes <= CHANGES; votes++) {
        char patch[64];
        int n = snprintf(patch, sizeof patch, "{\"imdb\":{\"votes\":%d}}", votes);
        if (mc_update_movie(mc, example_ids[0], patch, (size_t)n, NULL, NULL, NULL) == MC_OK)
            atomic_store(&acknowledged, votes);
    }
    atomic_store(&done, 1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int stale = 0;
    int last = 0;
    mc = example_open();
    example_movies(mc);
    if (pthread_create(&thread, NULL, writer, NULL) != 0)
        return 1;
    while (!atomic_load(&done) || last != CHANGES) {
        const mc_movie *movie = NULL;
        int64_t votes = 0;
        int before = atomic_load(&acknowledged); /* anything acknowledged before the read began must be seen by it */
        if (mc_get_movie(mc, example_ids[0], &movie, NULL, NULL) == MC_OK)
            (void)mc_movie_votes(movie, &votes);
        stale += votes < before;
        last = (int)votes;
        mc_movie_unref(movie);
    }
    (void)pthread_join(thread, NULL);
    printf("%d changes, stale reads: %d\n", CHANGES, stale);
    return mc_close(mc) == MC_OK ? 0 : 1;
}
