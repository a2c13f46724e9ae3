/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named places in the protocol where a test can hold a thread, and switches that take a cure away to see its test fail.
 * Both exist only in the test build (MCI_TEST_HOOKS); in the library they are nothing.
 */
#ifndef MCI_BASE_SYNCPOINT_H
#define MCI_BASE_SYNCPOINT_H

#ifdef MCI_TEST_HOOKS
typedef void (*mci_sync_fn)(const char *point, const char *id, void *user);
extern mci_sync_fn mci_sync_hook;
extern void *mci_sync_user;
extern unsigned mci_cures_off; /* bits of MCI_CURE_... */
#define MCI_SYNC(point, id)                                                                                                      \
    do {                                                                                                                         \
        if (mci_sync_hook != 0)                                                                                                  \
            mci_sync_hook((point), (id), mci_sync_user);                                                                         \
    } while (0)
#define MCI_CURE(bit) ((mci_cures_off & (bit)) == 0)
#else
#define MCI_SYNC(point, id) ((void)0)
#define MCI_CURE(bit) 1
#endif

enum mci_cure {
    MCI_CURE_LEASE = 1,       /* a fill needs its lease */
    MCI_CURE_QUARANTINE = 2,  /* PRE before the store write */
    MCI_CURE_SOLO = 4,        /* only a writer that was alone stores its value */
    MCI_CURE_UNKNOWN = 8,     /* an unknown outcome deletes */
    MCI_CURE_VIEW_ONCE = 16,  /* ZINCRBY is never sent twice */
    MCI_CURE_ATOMIC_TTL = 32, /* value and expiry in one script */
    MCI_CURE_WHOLE_HASH = 64, /* a fill replaces the hash, never merges into it */
    MCI_CURE_DELTA = 128,     /* writes during a rebuild are applied to the new board */
    MCI_CURE_BOARD = 256,     /* board and value change in one script */
    MCI_CURE_GEO_SWAP = 512,  /* geo sets are rebuilt aside and swapped in */
    MCI_CURE_HARD_TTL = 1024, /* reads never prolong a value */
    MCI_CURE_REPAIR = 2048    /* a contended or broken write repairs the board */
};

#endif
