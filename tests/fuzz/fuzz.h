/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzers of the decoders. Each file has one entry point with libFuzzer's name and the inputs to begin with; driver.c is the plain program
 * around it (seeded, bounded), libFuzzer the other (CMake option MFLIXCACHE_FUZZ, clang).
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct fuzz_seed {
    const char *p;
    size_t n;
} fuzz_seed;

#define SEED(text)                                                                                                          \
    {                                                                                                                       \
        text, sizeof text - 1                                                                                               \
    }

/* Of the file under test. The list ends with {NULL, 0}. */
extern const fuzz_seed fuzz_seeds[];
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold. */
#define FUZZ_CHECK(what)                                                                                                    \
    do {                                                                                                                    \
        if (!(what)) {                                                                                                      \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);                                       \
            abort();                                                                                                        \
        }                                                                                                                   \
    } while (0)

#endif
