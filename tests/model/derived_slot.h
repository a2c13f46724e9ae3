/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slot of a derived set (set, pending, announcements, new set), and the scripts that work on it, each one atomic step. Times are
 * what matters of them: an entry waits, is due, or is in doubt since before or after the build began. The replay runs the same calls
 * with the real scripts.
 */
#ifndef TESTS_MODEL_DERIVED_SLOT_H
#define TESTS_MODEL_DERIVED_SLOT_H

#include <stdint.h>

#define D_IDS 2
#define D_WRITERS 3
#define D_REPAIRS 3  /* one of them only puts things right at the end */
#define D_BUILDERS 3 /* likewise */
#define D_NONE (-1)
#define D_TOMBSTONE (-2) /* in the new set: was removed meanwhile */

/* Each bit leaves one rule of the protocol out. */
enum d_mutant {
    DM_PAGE_FIRST,             /* pending is read before the page */
    DM_ANNOUNCE_KEEPS_REPAIR,  /* an announcement ends repairs under way */
    DM_SETTLE_KEEPS_REPAIR,    /* so does a settlement */
    DM_REPAIR_WITHOUT_LEASE,   /* a repair looks whether its lease still stands */
    DM_REPAIR_CLEARS,          /* a repair while somebody writes is not the last word */
    DM_QUIET_AT_END,           /* whether somebody writes is judged when the lease is taken */
    DM_REARM_FROM_NOW,         /* the next look is due from the lease on, not from the repair on */
    DM_NO_PENDING_NONCE,       /* a lost pending set is noticed */
    DM_NO_ANNOUNCED_NONCE,     /* lost announcements are noticed */
    DM_NO_BUILD_TOKEN,         /* pages and swap ask whether the builder still holds its lease */
    DM_PAGES_UNFENCED,         /* pages do, too */
    DM_PAGES_UNCHAINED,        /* a page is added after the one before it, or not at all */
    DM_NO_NX,                  /* a page does not replace what a writer put there */
    DM_NO_TOMBSTONES,          /* nor bring back what a writer removed */
    DM_NO_NEW_MARKER,          /* a lost new set is noticed */
    DM_SWAP_ANY_NONCE,         /* a swap is of the present nonce */
    DM_SETTLE_ANY_NONCE,       /* a settlement is */
    DM_REPAIR_ANY_NONCE,       /* a repair is */
    DM_NOT_RAISED,             /* clearing all raises this slot's nonce as well */
    DM_UNANNOUNCED_IGNORED,    /* a settlement without its announcement is a doubt */
    DM_NEWS_KEEP_SOLE,         /* and who else writes is not alone any more */
    DM_SETTLE_NOT_MIRRORED,    /* a settlement goes into the new set, too */
    DM_REPAIR_NOT_MIRRORED,    /* a repair does */
    DM_OVERLAP_SILENT,         /* writers that overlapped leave a doubt */
    DM_ANNOUNCE_UNDUE,         /* what is due stays due when somebody announces a write */
    DM_NO_WAIT,                /* a write whose settlement was not confirmed waits until its entry is due */
    DM_SETTLE_REPEATED,        /* a settlement that is sent again is only a doubt */
    DM_SETTLE_AFTER_TIME,      /* one that comes after the quarantine, too */
    DM_SWAP_TOKEN_AT_BEGIN,    /* a build does not settle doubts about what was being written when it began */
    DM_SWAP_RENEWED,           /* nor doubts that came after it began */
    DM_SWAP_KEEPS_REPAIR,      /* and those it settles have no repair under way any more */
    DM_NO_PHANTOM_ANNOUNCE,    /* after a loss nobody is alone */
    DM_NO_PHANTOM_REPAIR,      /* nor is a repair the last word */
    DM_NO_SECOND_BUILD,        /* nor is the first build */
    DM_TRUST_PROVISIONAL,      /* which is not believed */
    DM_PROVISIONAL_CONTINUED,  /* and not finished as if it had begun later */
    DM_HOLD_FOREVER,           /* a builder's lease ends, or is given back */
    DM_EVERY_WRITER_SETTLES,   /* only who was alone all the time settles */
    DM_LAST_ANNOUNCED_SETTLES, /* not who announced itself last */
    DM_MUTANTS
};
typedef uint64_t d_mutants;
#define D_IS(mutants, which) ((mutants) >> (which)&1)

enum d_entry {
    D_NO_ENTRY = 0,
    D_WAITING,  /* due after a while */
    D_DUE,      /* its time has come */
    D_DOUBT,    /* due at once */
    D_DOUBT_NEW /* the same, and not older than the build under way */
};

/* Bytes only, without padding: it is hashed and compared as such. */
typedef struct d_slot {
    int8_t nonces;  /* given out so far; the next fresh one is one more */
    int8_t pending; /* its nonce; 0: the key was lost */
    int8_t phantom; /* 1: after a loss nobody counts as alone; 2: that is over, one more build is wanted */
    int8_t entry[D_IDS];
    uint8_t armed[D_IDS]; /* writers whose store operation was carried out before the wait began */
    int8_t announced;     /* nonce of the announcements; 0: the key was lost */
    uint8_t tokens[D_IDS];
    int8_t sole[D_IDS];
    int8_t repair[D_IDS]; /* who repairs */
    int8_t quiet[D_IDS];
    uint8_t taken[D_IDS]; /* writers whose store operation was carried out before the lease was taken */
    int8_t building;      /* 1: a build is under way */
    int8_t provisional;
    int8_t cursor; /* ids that are in */
    int8_t holder; /* builder */
    int8_t held;   /* 1: its lease has not run out */
    int8_t set;    /* nonce of the set's marker; 0: none */
    int8_t set_provisional;
    int8_t place[D_IDS]; /* version, or D_NONE */
    int8_t fresh;        /* nonce of the new set's marker; 0: none */
    int8_t placed[D_IDS];
} d_slot;

typedef enum d_op {
    D_NOTHING = 0,
    D_ANNOUNCE,
    D_SETTLE,
    D_TELL,
    D_LEASE,
    D_REPAIR,
    D_BUILD,
    D_PAGE,
    D_SWAP,
    D_LEAVE,
    D_RAISE,
    /* what happens by itself */
    D_BECOMES_DUE,
    D_TOKEN_ENDS,
    D_PHANTOM_ENDS,
    D_HOLD_ENDS,
    D_VANISHES, /* key `who`: 0 set, 1 pending, 2 announcements, 3 new set */
    D_FORGETS
} d_op;

typedef struct d_call {
    d_op op;
    int id;
    int who;        /* writer, repair or builder */
    int nonce;      /* that the caller knows */
    int version;    /* what the store gave */
    int none;       /* that version is in no set */
    int aborted;    /* the write was not carried out */
    int over;       /* the writer's time is over */
    uint8_t stored; /* writers of the id whose store operation was carried out by now */
    uint8_t waited; /* those of them that have waited since then until an entry of before would be due */
    int result;     /* out: 1 done, 0 refused; BUILD: 1 ours */
    int given;      /* out: nonce that the script answered with */
} d_call;

void d_slot_init(d_slot *s);
void d_slot_run(d_slot *s, d_call *c, d_mutants mutants);
/* The nonce on which pending and announcements agree; 0: keys were lost. */
int d_slot_root(const d_slot *s, d_mutants mutants);
int d_slot_is_due(const d_slot *s, int id);
/* What a reader would see: may it believe the set? */
int d_slot_whole(const d_slot *s, int nonce, d_mutants mutants);
int d_slot_reader_nonce(const d_slot *s, d_mutants mutants);

#endif
