/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who works on the slot of a derived set: writers, repairs, builders, a reader in two commands, somebody who writes past the library and
 * clears all; and what may go wrong. One event is one script, one store operation, or one mishap. The explorer walks every order of them.
 */
#ifndef TESTS_MODEL_DERIVED_MODEL_H
#define TESTS_MODEL_DERIVED_MODEL_H

#include "derived_slot.h"

#include <stddef.h>

/* What takes part, and how much of what may happen. */
typedef struct d_config {
    const char *name;
    int ids;
    int writers;
    const char *writes; /* per writer: id as a digit and u update, d delete, a not carried out: "0u1d" */
    int repairs;
    int builders;
    int reader;    /* 1: one that reads pending and set in two commands */
    int outside;   /* 1: somebody writes id 0 past the library, then clears all */
    int built;     /* 1: the set is whole at first; 0: there is none */
    int old_doubt; /* 1: id 0 is in doubt at first, and the set may be wrong about it */
    int created;   /* 1: id 0 is in no set at first, and updates create it */
    int deaths;
    int lost;    /* settlements that are not confirmed */
    int late;    /* 1: and may still arrive */
    int fails;   /* announcements that are not confirmed, and may still arrive */
    int repeats; /* scripts of writers that arrive once more */
    int hold_ends;
    int pages;  /* that are lost on their way, and may still arrive: a builder waits only for the last one's answer */
    int vanish; /* keys that are lost alone, of those in `keys`: bit 0 set, 1 pending, 2 announcements, 3 new set */
    int keys;
    int forgets;
} d_config;

extern const d_config *const d_configs[];
extern const size_t d_nconfigs;

/* Steps of a writer. */
enum {
    DW_BEGIN = 0,
    DW_STORE,      /* announced */
    DW_SETTLE,     /* carried out */
    DW_WAIT,       /* the settlement was not confirmed: acknowledged when the entry is due by now */
    DW_STORE_BARE, /* the announcement was not confirmed */
    DW_TELL,
    DW_FLYING, /* dead; what it asked of the store may still happen */
    DW_DEAD,
    DW_DONE
};

typedef struct d_model {
    d_slot s;
    int8_t stored[D_IDS]; /* newest version in the store */
    uint8_t gone[D_IDS];  /* bit per version: it is in no set */
    int8_t acked[D_IDS];  /* newest version whose writer was told so */
    uint8_t phantom_for;  /* writers whose announcement may have been lost */
    uint8_t over;         /* writers whose time is over */
    uint8_t announced;    /* writers whose announcement may arrive (again) */
    uint8_t settled;      /* writers whose settlement was sent */
    uint8_t pending_late; /* writers whose lost settlement may still arrive */
    uint8_t carried_out;  /* writers whose store operation was carried out */
    uint8_t waited;       /* writers that were acknowledged without their settlement */
    int8_t step[D_WRITERS];
    int8_t nonce[D_WRITERS];
    int8_t version[D_WRITERS];
    int8_t r_step[D_REPAIRS]; /* 0 free, 1 leased, 2 read, 3 done */
    int8_t r_id[D_REPAIRS];
    int8_t r_nonce[D_REPAIRS];
    int8_t r_version[D_REPAIRS];
    int8_t b_step[D_BUILDERS]; /* 0 free, 1 to scan, 2 to add, 3 to swap, 4 refused: to leave, 5 done */
    int8_t b_at[D_BUILDERS];   /* id */
    int8_t b_nonce[D_BUILDERS];
    int8_t b_version[D_BUILDERS];
    int8_t b_late[D_BUILDERS]; /* a page that may still arrive: its id + 1, nonce and version */
    int8_t b_late_nonce[D_BUILDERS];
    int8_t b_late_version[D_BUILDERS];
    int8_t reader; /* 0 free, 1 between its two commands, 2 done */
    int8_t reader_sees;
    int8_t reader_acked[D_IDS];
    int8_t reader_place[D_IDS];
    int8_t outside; /* 0 to write, 1 to clear all, 2 done */
    int8_t outside_version;
    int8_t deaths, lost, fails, repeats, hold_ends, pages, vanish, forgets; /* left */
    int8_t wrong; /* a read was certain of something older than what had been acknowledged before it began */
} d_model;

typedef enum d_event_kind {
    DE_WRITER = 0,
    DE_DIES,
    DE_LANDS,
    DE_NEVER,
    DE_NOT_CONFIRMED,  /* announcement or settlement, whichever comes next */
    DE_ARRIVES_LATE,   /* a lost settlement */
    DE_ANNOUNCED_LATE, /* an announcement that was not confirmed, or one that arrives again */
    DE_SETTLED_AGAIN,
    DE_TIME_OVER,
    DE_LEASE, /* who: repair * D_IDS + id */
    DE_REPAIR,
    DE_BUILDER,
    DE_PAGE_LOST,
    DE_PAGE_LATE,
    DE_READER,
    DE_OUTSIDE,
    DE_DUE,
    DE_PHANTOM_ENDS,
    DE_HOLD_ENDS,
    DE_VANISHES,
    DE_FORGETS
} d_event_kind;

typedef struct d_event {
    d_event_kind kind;
    int who;
} d_event;
#define D_EVENTS_MAX 64

void d_init(d_model *m, const d_config *cfg);
/* Everything that may happen now; returns how many. */
int d_events(const d_model *m, const d_config *cfg, d_mutants mutants, d_event out[D_EVENTS_MAX]);
/* `did` (may be NULL): the call of the slot that this was; D_NOTHING when it was none. */
void d_apply(d_model *m, const d_config *cfg, d_event e, d_mutants mutants, d_call *did);
/* Nobody is in the middle of something. */
int d_is_quiet(const d_model *m, const d_config *cfg);
/* All deadlines pass, then one reader and one builder look: 0 the set is what the store has, and nothing is in doubt; 1 it was believed and
 * wrong; 2 it cannot be put right. */
int d_end(d_model m, const d_config *cfg, d_mutants mutants);

#endif
