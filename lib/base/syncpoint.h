/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named places in the protocol where a test can hold a thread, and switches that take a safeguard away to see its test fail.
 * Both exist only in the test build (MCI_TEST_HOOKS); in the library they are nothing.
 */
#ifndef MCI_BASE_SYNCPOINT_H
#define MCI_BASE_SYNCPOINT_H

#ifdef MCI_TEST_HOOKS
#include <stdatomic.h>

typedef void (*mci_sync_fn)(const char *point, const char *id);
extern _Atomic(mci_sync_fn) mci_sync_hook;
extern _Atomic unsigned mci_mutation_off; /* the safeguards that a test has taken away */
#define MCI_SYNC(point, id)                                                                                                 \
    do {                                                                                                                    \
        mci_sync_fn hook_ = atomic_load(&mci_sync_hook);                                                                    \
        if (hook_ != 0)                                                                                                     \
            hook_((point), (id));                                                                                           \
    } while (0)
#define MCI_SAFEGUARD(bit) ((atomic_load(&mci_mutation_off) & (bit)) == 0)
#else
#define MCI_SYNC(point, id) ((void)0)
#define MCI_SAFEGUARD(bit) 1
#endif

/* Safeguards that live in the scripts are taken away by editing the script's text (mci_script_hook in redis/batch.h). */
enum mci_safeguard {
    MCI_SAFEGUARD_QUARANTINE = 1,    /* PRE before the store write */
    MCI_SAFEGUARD_UNKNOWN = 2,       /* an unknown outcome keeps the quarantine */
    MCI_SAFEGUARD_VIEW_ONCE = 4,     /* ZINCRBY is never sent twice */
    MCI_SAFEGUARD_HARD_TTL = 8,      /* a value past its hard deadline is a miss, whatever Redis says */
    MCI_SAFEGUARD_REPAIR = 16,       /* a contended or broken write repairs the board */
    MCI_SAFEGUARD_SEEN = 32,         /* what was read past Redis is remembered */
    MCI_SAFEGUARD_RANK = 128,        /* a rank with a pending repair is asked of the store */
    MCI_SAFEGUARD_SUSPECT = 256,     /* an unknown outcome keeps its id out of Redis for longer than a quarantine */
    MCI_SAFEGUARD_LEASE = 512,       /* a lease lasts as long as its load may take */
    MCI_SAFEGUARD_PLACE = 1024,      /* who gives up leaves a place on the line for the reply */
    MCI_SAFEGUARD_TERM = 2048,       /* values of another term of a server are not believed */
    MCI_SAFEGUARD_ROLE = 4096,       /* a replica is not taken for a primary */
    MCI_SAFEGUARD_RECHECK = 8192,    /* the term of an open connection is asked for again and again */
    MCI_SAFEGUARD_SECOND = 16384,    /* the end of a write is told to the primary of then */
    MCI_SAFEGUARD_CONFIRM = 32768,   /* who is primary is asked again after the store has answered */
    MCI_SAFEGUARD_HOLD = 65536,      /* after a switch a write waits until everybody may know of it */
    MCI_SAFEGUARD_POLL = 131072,     /* who is primary is asked again and again */
    MCI_SAFEGUARD_MAJORITY = 262144, /* one Sentinel alone is not believed */
    MCI_SAFEGUARD_SWITCH = 524288,   /* a primary that is it again is another than before */
    MCI_SAFEGUARD_SHARE = 1048576,   /* a load is shared without Redis' word only when its lease was asked for after the read began */
    MCI_SAFEGUARD_LISTS = 64         /* lists are not believed while the recovery queue holds own writes */
};

#endif
