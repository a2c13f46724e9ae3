/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write/fill protocol as a state machine: readers and writers on one id, each step atomic as a script is in Redis. The explorer
 * walks every schedule of it; the same steps are replayed with the real scripts, to see that model and Lua agree. A second server may take over:
 * it knows what had been copied to it, and the first may go on for those who have not heard of that.
 */
#ifndef TESTS_MODEL_PROTOCOL_H
#define TESTS_MODEL_PROTOCOL_H

#include <stdint.h>

#define READERS 2
#define WRITERS 3
#define ACTORS (READERS + WRITERS)
#define NONE (-1)
#define NOT_ASKED (-1)  /* has missed, and not asked for a lease yet */
#define NOT_LOOKED (-2) /* has begun, and not asked for the value yet */
#define EVENTS_MAX (ACTORS * 4 + 6)

/* Which safeguards the protocol runs without. */
enum mutant {
    M_NO_LEASE = 1,        /* a fill does not look at its lease */
    M_NO_QUARANTINE = 2,   /* writers do not announce themselves, and fills do not look */
    M_NO_SOLO = 4,         /* every writer stores its value */
    M_LAST_TOKEN = 8,      /* "the last announced" instead of "alone the whole time" */
    M_NO_EPOCH = 16,       /* readers do not compare epochs */
    M_EPOCH_AT_END = 32,   /* a value is stamped with the epoch of when it is stored, not of before the store was asked */
    M_NO_TERM = 64,        /* the term of a server is no part of the epoch */
    M_NO_CONFIRM = 128,    /* a writer does not ask who the primary is after the store has answered */
    M_NO_HOLD = 256,       /* a writer that knows of a new primary does not wait until everybody does */
    M_NO_CONFIG = 1024,    /* the number of the switch is no part of the epoch */
    M_JOIN_EARLIER = 2048, /* a reader shares a load whose lease was asked for before the read began */
    M_KEEPS_SOLE = 4096,   /* who stores nothing leaves the others' sole-writer token as it is */
    M_NO_SECOND = 512      /* an end of a write whose server has gone is not told to the new one */
};

/* S_LATE: the writer was told that its outcome is not known, and the write may still land. */
typedef enum step { S_BEGIN = 0, S_MIDDLE, S_END, S_DONE, S_DEAD, S_LATE } step;

/* What one server holds of the id. */
typedef struct model_redis {
    int8_t value;       /* version, NONE */
    int8_t value_epoch; /* that it is stamped with */
    int8_t epoch;       /* in a key, and perhaps a slot, of its own */
    int8_t lease;       /* reader that holds it, NONE */
    int8_t sole;        /* writer that is alone, NONE; -2: "not alone" */
    uint8_t quarantine; /* bit per writer */
} model_redis;

/* Small and without padding: it is hashed and compared as bytes. */
typedef struct model {
    model_redis at[2];   /* the primary, and who may come after it */
    int8_t live;         /* how often there was another primary; even: the first server is it, odd: the second */
    int8_t copies;       /* times that the first may still be copied to the second */
    int8_t switches;     /* times that the other may still become primary */
    int8_t dead;         /* 1: the first has gone then, and everybody notices; 0: those who are not told go on with it */
    int8_t view[ACTORS]; /* whom each takes for the primary, counted as `live` */
    int8_t stored;       /* version in the store */
    int8_t acked;        /* newest version whose writer came back */
    int8_t expiries;     /* events that may still happen */
    int8_t deaths;       /* writers that may still die */
    int8_t floods;       /* times that Redis may still forget everything */
    int8_t lates;        /* writes whose outcome may still not be told */
    int8_t impatient;    /* 1: what is announced after an unknown outcome may run out before the write lands */
    int8_t writers;      /* how many take part */
    int8_t outside; /* somebody who writes past the library, then clears all: 0 to write, 1 to raise the epoch, 2 done */
    int8_t outside_version;
    uint8_t nothing; /* bit per writer: its end stores nothing; from bit 4 on: and it has said so when it announced itself */
    int8_t step[ACTORS];
    int8_t shares;            /* 1: the readers are threads of one process; the second may share the load of the first */
    int8_t shared;            /* it does */
    int8_t may_fill[READERS]; /* or NOT_ASKED, NOT_LOOKED */
    int8_t loaded[READERS];
    int8_t began[READERS]; /* `acked` when the read began */
    int8_t reader_epoch[READERS];
    int8_t version[WRITERS];
    int8_t writer_epoch[WRITERS];
    int8_t announced_at[WRITERS];
    int8_t stale; /* a read that began after a newer write had been acknowledged was given an older version */
} model;

/* What can happen next: an actor's step, or an event. */
typedef enum event_kind {
    E_STEP = 0,
    E_DIE,
    E_UNKNOWN,
    E_LANDS,
    E_VALUE_EXPIRES,
    E_LEASE_EXPIRES,
    E_TOKEN_EXPIRES,
    E_FLOOD,
    E_OUTSIDE,
    E_COPY,
    E_SWITCH,
    E_LEARN,
    E_KINDS
} event_kind;

typedef struct event {
    event_kind kind;
    int who; /* actor; for E_TOKEN_EXPIRES (of server 0), E_DIE, E_UNKNOWN and E_LANDS the writer */
} event;

void model_init(model *m, int writers, int expiries, int deaths, int floods);
/* All events that are possible now; returns how many. */
int model_events(const model *m, unsigned mutants, event out[EVENTS_MAX]);
void model_apply(model *m, event e, unsigned mutants);
/* Everybody is done: is what Redis holds the newest version, or nothing? */
int model_converged(const model *m, unsigned mutants);

#endif
