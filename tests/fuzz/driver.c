/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the plain program around a fuzzer: its seeds, then so many mutations of them, from a fixed seed: the same inputs on every machine.
 *   fuzz_NAME [RUNS [SEED]]    fuzz_NAME FILE...    (what libFuzzer or somebody's report has found)
 * Refuses: time as a limit.
 */
#include "fuzz.h"

#include <string.h>

#define LONGEST 4096

static uint64_t state;

static size_t below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n == 0 ? 0 : (size_t)((state >> 11) % n);
}

static const char *const bits[] = {"0",
                                   "-1",
                                   "9223372036854775807",
                                   "18446744073709551616",
                                   "1e309",
                                   "\r\n",
                                   "{}",
                                   "[",
                                   "\\u0000",
                                   "\"",
                                   "\xff\xfe",
                                   "%00",
                                   "$",
                                   "*2\r\n",
                                   "null",
                                   " "};

static size_t insert(uint8_t *p, size_t n, size_t at, const void *what, size_t len)
{
    if (n + len > LONGEST)
        return n;
    memmove(p + at + len, p + at, n - at);
    memcpy(p + at, what, len);
    return n + len;
}

static size_t change(uint8_t *p, size_t n, const fuzz_seed *other)
{
    size_t at = below(n + 1);
    size_t len = below(16) + 1;
    const char *bit = bits[below(sizeof bits / sizeof bits[0])];
    uint8_t copy[64];
    switch (below(7)) {
    case 0: /* one bit */
        if (at < n)
            p[at] ^= (uint8_t)(1u << below(8));
        return n;
    case 1: /* one byte */
        if (at < n)
            p[at] = (uint8_t)below(256);
        return n;
    case 2: /* a piece gone */
        len = len < n - at ? len : n - at;
        memmove(p + at, p + at + len, n - at - len);
        return n - len;
    case 3: /* cut */
        return at;
    case 4: /* a piece twice */
        len = len < n - at ? len : n - at;
        memcpy(copy, p + at, len);
        return insert(p, n, at, copy, len);
    case 5: /* a piece of another seed */
        at = below(n + 1);
        len = below(other->n + 1);
        return insert(p, n, at, other->p + below(other->n - len + 1), len);
    default:
        return insert(p, n, at, bit, strlen(bit));
    }
}

static int one_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = malloc(1 << 20);
    if (f == NULL || p == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        free(p);
        return 1;
    }
    size_t n = fread(p, 1, 1 << 20, f);
    (void)fclose(f);
    (void)LLVMFuzzerTestOneInput(p, n);
    free(p);
    return 0;
}

int main(int argc, char **argv)
{
    long runs = 20000;
    if (argc > 1 && strtol(argv[1], NULL, 10) <= 0) {
        int rc = 0;
        for (int i = 1; i < argc; i++)
            rc |= one_file(argv[i]);
        return rc;
    }
    if (argc > 1)
        runs = strtol(argv[1], NULL, 10);
    state = argc > 2 ? strtoull(argv[2], NULL, 10) | 1 : 88172645463325253u;
    size_t n = 0;
    while (fuzz_seeds[n].p != NULL) {
        (void)LLVMFuzzerTestOneInput((const uint8_t *)fuzz_seeds[n].p, fuzz_seeds[n].n);
        n++;
    }
    for (long i = 0; i < runs; i++) {
        uint8_t work[LONGEST];
        const fuzz_seed *s = &fuzz_seeds[below(n)];
        size_t len = s->n < LONGEST ? s->n : LONGEST;
        memcpy(work, s->p, len);
        for (size_t k = below(6) + 1; k > 0; k--)
            len = change(work, len, &fuzz_seeds[below(n)]);
        uint8_t *exact = malloc(len > 0 ? len : 1); /* of its own size: a read past its end is seen */
        if (exact == NULL)
            return 1;
        memcpy(exact, work, len);
        (void)LLVMFuzzerTestOneInput(exact, len);
        free(exact);
    }
    printf("%zu seeds, %ld mutations\n", n, runs);
    return 0;
}
