/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for tests: the same ones in every run. */
#ifndef MFLIX_TESTS_RND_H
#define MFLIX_TESTS_RND_H

#include <stdint.h>

/* The next number after *state, which starts at anything but 0. */
static inline uint64_t rnd_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
