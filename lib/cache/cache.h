/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache as the engine sees it: a list of typed operations goes in, is run in one go, and comes back with its outputs. Who runs them
 * (cache/redis: one pipeline; cache/memory: this process) is nobody's business above. The steps are those of the protocol in
 * docs/consistency.md: values under lease and quarantine, sets derived from a collection in a slot of their own.
 * A list belongs to one thread; a cache may be used by any number of them.
 */
#ifndef MCI_CACHE_CACHE_H
#define MCI_CACHE_CACHE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/error.h"
#include "base/slice.h"
#include <mflixcache/check.h>
#include <stdint.h>

#define MCI_MAX_FAMILIES 32
#define MCI_MAX_SETS 64
#define MCI_TOKEN_SIZE 33 /* 32 hexadecimal digits and a NUL */
#define MCI_NONCE_CAP 48  /* of a derived set: "<epoch>.<16 hexadecimal digits>" and a NUL */
#define MCI_DUE_MAX 16    /* ids of a set that are repaired at once */
#define MCI_ENTRY_MAX 320 /* bytes of a unique key's entry: two numbers, an id, a sum */

/* One kind of value: the documents of a collection by id, or the entries of one of its unique keys by encoded key. Static or the engine's. */
typedef struct mci_family {
    const mci_spec *spec;
    const char *unique; /* name of the unique key; NULL: documents */
    int plain_fields;   /* of documents: readable fields beside the value, where other clients can see them */
    size_t number;      /* given by mci_cache_ops.add_family */
} mci_family;

/* A set derived from a collection, or counted beside it. */
typedef enum mci_set_kind { MCI_SET_RANK = 0, MCI_SET_GEO, MCI_SET_COUNTER } mci_set_kind;
typedef struct mci_set {
    const mci_spec *spec;
    mci_set_kind kind;
    const char *name;           /* within the collection: "imdb_rating" */
    size_t number;              /* given by mci_cache_ops.add_set */
    _Atomic int64_t seen_epoch; /* the engine's: of its slot, as it was last seen; 0: not yet */
} mci_set;

/* The place of an id in a set: none, at a score, or at a place that mci_sphere_hold() has accepted. */
typedef struct mci_place {
    int there;
    double x; /* score, or longitude */
    double y; /* latitude */
} mci_place;

typedef enum mci_want { MCI_WANT_FIELDS = 1, MCI_WANT_DOC = 2, MCI_WANT_BOTH = 3 } mci_want;

/* ---- what is cached -------------------------------------------------------------------------------------------- */

typedef enum mci_found_state {
    MCI_FOUND_NONE = 0,
    MCI_FOUND_VALUE,
    MCI_FOUND_NEGATIVE, /* the store had none */
    MCI_FOUND_OLD,      /* of an earlier epoch, or past its deadline: a miss */
    MCI_FOUND_CORRUPT,  /* does not decode: a miss, to be dropped */
    MCI_FOUND_TOO_BIG,  /* above the limit of a reply: a miss, to be dropped */
    MCI_FOUND_NO_MEMORY
} mci_found_state;

typedef struct mci_found {
    mci_found_state state;
    mci_doc *doc;       /* VALUE of documents; a reference that mci_ops_free() drops unless it was taken (set to NULL) */
    const char *target; /* VALUE and OLD of a unique key: the id it leads to, checked; NULL: none */
    mci_slice text;     /* VALUE and CORRUPT of a string */
    int stale;          /* VALUE of a string: it is from the snapshot file */
    int64_t written_ms; /* when the store was asked; -1: not known (a string of another client's) */
    int64_t hard_ms;    /* its deadline; 0: it has none, or it is not known */
    int64_t epoch;      /* it is of; 0: of none, or not known */
    size_t bytes;       /* that were read */
    mci_slice
        name; /* names the cached metadata, so that exactly this can be removed (compare-and-delete); p NULL: it cannot be named */
} mci_found;

/* ---- operations --------------------------------------------------------------------------------------------------- */

typedef enum mci_op_kind {
    MCI_OP_EPOCH_READ = 0, /* nothing but ops->epoch */
    MCI_OP_EPOCH_RAISE,    /* clear all: values and sets of before are not believed from now on */
    MCI_OP_IDENTITY,       /* can it be used, and whose values are they? */
    MCI_OP_VALUE_READ,
    MCI_OP_VALUE_ACQUIRE,
    MCI_OP_VALUE_COMMIT,
    MCI_OP_VALUE_ANNOUNCE,
    MCI_OP_VALUE_DROP,
    MCI_OP_STRING_READ,
    MCI_OP_STRING_ACQUIRE,
    MCI_OP_STRING_SET,
    MCI_OP_STRING_REMOVE,
    MCI_OP_SET_READ,
    MCI_OP_SET_ANNOUNCE,
    MCI_OP_SET_SETTLE,
    MCI_OP_SET_TELL,
    MCI_OP_SET_LEASE,
    MCI_OP_SET_REPAIR,
    MCI_OP_SET_RAISE,
    MCI_OP_SET_FORGET,
    MCI_OP_BUILD_BEGIN,
    MCI_OP_BUILD_PAGE,
    MCI_OP_BUILD_SWAP,
    MCI_OP_BUILD_LEAVE,
    MCI_OP_COUNTER_ADD,
    MCI_OP_COUNTER_PAGE,
    MCI_OP_COUNTER_CLEAR,
    MCI_OP_KINDS
} mci_op_kind;

typedef struct mci_op_identity {
    const char *identity; /* of the caller's database; "": not to be compared */
    int adopt;            /* take over what is another's: the epoch is raised */
    int ours;             /* out */
    mci_slice whose;      /* out, when not ours */
} mci_op_identity;

typedef struct mci_op_value_read {
    const mci_family *family;
    const char *id;
    mci_want want;
    mci_found found; /* out */
} mci_op_value_read;

/* STRING_ACQUIRE gives the same answers, but never WRITER. */
typedef enum mci_acquired {
    MCI_ACQUIRED_FOUND = 0, /* `found`: a value, or what is as bad as the one before */
    MCI_ACQUIRED_LEASE,     /* yours: load and commit */
    MCI_ACQUIRED_OTHER,     /* another loads; `holder` is its token */
    MCI_ACQUIRED_WRITER,    /* a write is under way: load, and do not fill */
    MCI_ACQUIRED_NOTHING    /* something is in the way that was not looked at: ask once more, alone */
} mci_acquired;

typedef struct mci_op_acquire {
    const mci_family *family; /* NULL for a string */
    const char *id;           /* or key */
    mci_want want;
    const char *token;
    int64_t lease_ms;
    int alone;             /* 1: not together with others */
    mci_slice rejected;    /* name of what could not be used: it is removed if it is still there */
    mci_acquired acquired; /* out */
    mci_found found;       /* out */
    mci_slice holder;      /* out */
    int64_t now_ms;        /* out: the cache's clock */
} mci_op_acquire;

typedef enum mci_commit_mode {
    MCI_COMMIT_FILL = 'F',   /* the end of a load */
    MCI_COMMIT_POST = 'P',   /* the end of a write */
    MCI_COMMIT_ABORT = 'A',  /* the end of a write that stores nothing: not carried out, or an import's */
    MCI_COMMIT_RELEASE = 'R' /* the load failed: let another reader try */
} mci_commit_mode;

typedef struct mci_op_commit {
    const mci_family *family;
    const char *id;
    mci_commit_mode mode;
    const char *token;
    const mci_doc *doc; /* of documents; NULL: there is no such document */
    const char *target; /* of a unique key; NULL: it leads nowhere */
    int64_t epoch;      /* of the lease, or of the announcement */
    int64_t now_ms;     /* the engine's clock before the store was asked */
    int64_t ttl_ms;     /* 0: store nothing */
    int stored;         /* out */
    int others;         /* out: writers that are still under way */
    int full;           /* out: refused for want of memory */
} mci_op_commit;

typedef struct mci_op_announce {
    const mci_family *family;
    const char *id;
    const char *token;
    int64_t span_ms;    /* how long the quarantine lasts at most */
    int stores_nothing; /* 1: whatever becomes of the write, its end stores no value */
    int64_t now_ms;     /* out: the cache's clock */
} mci_op_announce;

typedef struct mci_op_drop {
    const mci_family *family;
    const char *id;
    mci_slice unique; /* out: text of the unique field in the document that was dropped; p NULL: not known */
} mci_op_drop;

typedef struct mci_op_string_read {
    const char *key;
    mci_found found; /* out; CORRUPT has its text: whoever wrote it, it is the cached value */
} mci_op_string_read;

typedef enum mci_string_mode {
    MCI_STRING_PUT = 'P',
    MCI_STRING_FILL = 'F',
    MCI_STRING_NONE = 'N',    /* a fill that says there is none */
    MCI_STRING_RELEASE = 'R', /* the load failed */
    MCI_STRING_STALE = 'S'    /* from the snapshot file: without a lease, and only where nothing is and nobody loads */
} mci_string_mode;

typedef struct mci_op_string_set {
    mci_string_mode mode;
    const char *token; /* of the lease; "" for PUT */
    const char *key;
    const char *value;
    size_t size;
    int64_t now_ms;     /* the engine's clock */
    int64_t written_ms; /* STALE: the file's time; else it is now_ms */
    int64_t ttl_ms;
    int stored; /* out */
} mci_op_string_set;

typedef struct mci_op_string_remove {
    const char *key;
    int removed; /* out */
} mci_op_string_remove;

/*
 * ---- derived sets: the protocol is in docs/consistency.md ----
 * Times of the protocol are the cache's own: a quarantine (write.quarantine_ms), after which a writer of whom nothing is heard is given up,
 * and MCI_SOFT_MS, after which an announced id is due and a repair's lease ends.
 */
#define MCI_SOFT_MS 1000

typedef enum mci_set_query {
    MCI_QUERY_PAGE = 0, /* `count` members from place `offset`, highest score first, of equals the higher id first */
    MCI_QUERY_PLACE,    /* of `id`: score, and how many are before it */
    MCI_QUERY_NEAR,     /* the `count` nearest to `lon`, `lat` within `radius_m` */
    MCI_QUERY_COUNTS,   /* members in each of `ranges` */
    MCI_QUERY_RANGES    /* the members of `ranges`, at most `count` of each */
} mci_set_query;

typedef struct mci_score_range {
    double low;  /* inclusive */
    double high; /* exclusive */
} mci_score_range;

typedef struct mci_member {
    mci_slice id; /* as the set has it: to be checked */
    double score; /* of a geo set the cell as a number: mci_sphere_decode() */
} mci_member;

typedef enum mci_completeness { MCI_INCOMPLETE = 0, MCI_COMPLETE_PROVISIONAL, MCI_COMPLETE } mci_completeness;

/* What a set says, and whether it can be believed: complete, of this nonce, and no id due. */
typedef struct mci_set_answer {
    int64_t now_ms;
    char nonce[MCI_NONCE_CAP]; /* "": keys of the set were lost */
    mci_completeness complete;
    int build_wanted;     /* built soon after a loss: one more build is due */
    const mci_slice *due; /* ids whose places may be wrong, to be checked; at most MCI_DUE_MAX + 1 */
    size_t ndue;
    const mci_member *members; /* PAGE, NEAR, RANGES; completeness markers are left out */
    size_t n;
    const int64_t *counts; /* COUNTS */
    size_t ncounts;
    int64_t size;  /* members, completeness markers among them */
    int there;     /* PLACE */
    double score;  /* PLACE */
    int64_t above; /* PLACE: members before it */
} mci_set_answer;

typedef struct mci_op_set_read {
    const mci_set *set;
    mci_set_query query;
    int64_t offset;
    int64_t count;
    const char *id;
    double lon, lat, radius_m;
    const mci_score_range *ranges;
    size_t nranges;
    mci_set_answer answer; /* out */
    int too_big;           /* out: the answer was above the limit: something in the set is none of ours */
} mci_op_set_read;

typedef struct mci_op_set_announce {
    const mci_set *set;
    const char *id;
    const char *token;
    int64_t span_ms;           /* how long the announcement lasts at most */
    const char *fresh;         /* nonce to begin with when keys of the set were lost */
    int64_t now_ms;            /* out */
    char nonce[MCI_NONCE_CAP]; /* out */
} mci_op_set_announce;

typedef struct mci_op_set_settle {
    const mci_set *set;
    const char *id;
    const char *token;
    const char *nonce;    /* of the announcement; "": there was none */
    int64_t announced_ms; /* its time */
    int carried_out;      /* 0: the write changed nothing */
    mci_place place;
    const char *fresh;
    int settled; /* out */
    int others;  /* out: writers of this id that are still under way */
} mci_op_set_settle;

typedef struct mci_op_set_tell {
    const mci_set *set;
    const char *const *ids;
    size_t n;
    const char *fresh;
} mci_op_set_tell;

typedef struct mci_op_set_lease {
    const mci_set *set;
    const char *const *ids;
    size_t n; /* at most MCI_DUE_MAX */
    const char *token;
    char nonce[MCI_NONCE_CAP]; /* out */
    char granted[MCI_DUE_MAX]; /* out */
} mci_op_set_lease;

typedef struct mci_op_set_repair {
    const mci_set *set;
    const char *const *ids;
    const mci_place *places; /* by the store */
    size_t n;                /* at most MCI_DUE_MAX */
    const char *token;
    const char *nonce;
    char done[MCI_DUE_MAX]; /* out */
} mci_op_set_repair;

typedef struct mci_op_set_raise {
    const mci_set *set;
    const char
        *nonce; /* the one that is not believed: nothing happens when it is another's by now; "": raise whatever is there */
    const char *fresh;
    int wipe; /* remove all that is there first, as if it had been lost: something in it is none of ours */
} mci_op_set_raise;

/* Remove members that no id can be. */
typedef struct mci_op_set_forget {
    const mci_set *set;
    mci_slice member;
} mci_op_set_forget;

typedef struct mci_op_build_begin {
    const mci_set *set;
    const char *token;
    int64_t hold_ms;
    const char *fresh;
    int ours;                  /* out; 0: another builds */
    char nonce[MCI_NONCE_CAP]; /* out */
    mci_slice cursor;          /* out: the last id that is in; empty: none is */
    int provisional;           /* out */
} mci_op_build_begin;

typedef struct mci_op_build_page {
    const mci_set *set;
    const char *token;
    const char *nonce;
    int64_t hold_ms;
    const char *after;  /* the last id that was in before; NULL or "": none was. Another one: the page is refused */
    const char *cursor; /* the last id that is in with this page; NULL: as before */
    const char *const *ids;
    const mci_place *places; /* each there */
    size_t n;
    int added; /* out; 0: the build was lost, or the page before this one, or another goes on with it */
} mci_op_build_page;

typedef struct mci_op_build_swap {
    const mci_set *set;
    const char *token;
    const char *nonce;
    int64_t ttl_ms;
    int swapped; /* out */
} mci_op_build_swap;

typedef struct mci_op_build_leave {
    const mci_set *set;
    const char *token;
} mci_op_build_leave;

typedef struct mci_op_counter_add {
    const mci_set *set;
    const char *id;
    double total;   /* out */
    int wrong_kind; /* out: something else is in its place, and nothing was counted: clear it */
} mci_op_counter_add;

typedef struct mci_op_counter_page {
    const mci_set *set;
    int64_t offset;
    int64_t count;
    const mci_member *members; /* out */
    size_t n;
    int wrong_kind; /* out */
} mci_op_counter_page;

typedef struct mci_op_counter_clear {
    const mci_set *set;
} mci_op_counter_clear;

typedef struct mci_op {
    mci_op_kind kind;
    mc_status status;    /* MC_OK: the outputs hold; else the cache refused this one */
    const mc_error *why; /* when it did */
    int64_t epoch;       /* that holds for its values and sets; 0: there is none yet, or it was not asked for */
    int slot;            /* slot, server, first, run, part, form: the cache's own */
    size_t server;
    size_t first;
    size_t run;
    size_t part;
    int form;
    union {
        mci_op_identity identity;
        mci_op_value_read value_read;
        mci_op_acquire acquire; /* VALUE_ACQUIRE, STRING_ACQUIRE */
        mci_op_commit commit;
        mci_op_announce announce;
        mci_op_drop drop;
        mci_op_string_read string_read;
        mci_op_string_set string_set;
        mci_op_string_remove string_remove;
        mci_op_set_read set_read;
        mci_op_set_announce set_announce;
        mci_op_set_settle set_settle;
        mci_op_set_tell set_tell;
        mci_op_set_lease set_lease;
        mci_op_set_repair set_repair;
        mci_op_set_raise set_raise;
        mci_op_set_forget set_forget;
        mci_op_build_begin build_begin;
        mci_op_build_page build_page;
        mci_op_build_swap build_swap;
        mci_op_build_leave build_leave;
        mci_op_counter_add counter_add;
        mci_op_counter_page counter_page;
        mci_op_counter_clear counter_clear;
    } u;
} mci_op;

/* ---- lists of operations ------------------------------------------------------------------------------------------ */

typedef struct mci_ops {
    mci_op *op;
    size_t n;
    size_t cap;
    int failed;        /* memory was short while it was put together: running it says so */
    int once;          /* never send twice, whatever happens (a counter) */
    int detach;        /* all are ends of loads, or it is one page of a build: send it and do not wait, if that can be done */
    int64_t after_ns;  /* who answers must have been named primary after this instant; 0: not long ago is enough */
    int wait_replicas; /* so many replicas shall have it, too, before the answer comes */
    int64_t clock_ms;  /* by which deadlines of values are judged; 0: they are not */
    /* what running it gave: */
    int64_t
        epoch; /* the present one, when a value, a set or the epoch was asked for; 0: there is none yet. Where epochs are many: of the last operation */
    mc_status epoch_status;    /* MC_OK: it is known */
    const mc_error *epoch_why; /* when it is not */
    int epoch_late;            /* 1: the answer took too long to be believed; nothing speaks against the next */
    int detached; /* it was sent and not waited for: there are no outputs; what becomes of ends of loads is told to mci_filled_fn */
    int round_trips;
    int sent;            /* the cache may have seen it */
    int partial;         /* some operations failed with their server: their status says so */
    int few_replicas;    /* fewer than wait_replicas had it in time */
    int repeated;        /* it was sent once more on a new connection: it may have been carried out twice */
    const char *refusal; /* the server answered and refuses what a cache needs; NULL: it does not */
    int refusal_lasts;   /* this will not end by waiting */
    mci_arena arena;     /* where outputs live */
    mci_op spare;        /* takes what no memory was found for; the list has failed then, and nobody looks at it */
} mci_ops;

/* For whoever carries an operation out: where the reason goes for which it is refused; NULL when memory is short. */
mc_error *mci_op_why(mci_ops *ops, mci_op *op);

void mci_ops_init(mci_ops *ops);
/* Drops outputs that were not taken. */
void mci_ops_free(mci_ops *ops);
/* One more operation, zeroed; the pointer holds until the next one is added. Never NULL: when memory is short, the entire list fails. */
mci_op *mci_ops_add(mci_ops *ops, mci_op_kind kind);
/* The operation's refusal into `err` (may be NULL); its status. */
mc_status mci_op_error(const mci_op *op, mc_error *err);

/* The set that the operation is about: NULL when it is about none. */
const mci_set *mci_op_set(const mci_op *op);

/* ---- a cache ------------------------------------------------------------------------------------------------------ */

typedef struct mci_cache mci_cache;

/*
 * What became of the end of a load that was not waited for: stored, or not, because the cache is full or for another reason (a lost connection among
 * them).
 */
typedef void (*mci_filled_fn)(void *ctx, const mci_family *family, const char *id, int stored, int full);

typedef struct mci_cache_ops {
    /* MC_OK: every operation has its status and outputs. Otherwise none has, and `err` (may be NULL) says why. */
    mc_status (*run)(mci_cache *c, mci_ops *ops, mci_deadline dl, mc_error *err);
    /* Goes out even while the cache is left alone after faults. */
    mc_status (*ping)(mci_cache *c, mci_deadline dl, mc_error *err);
    /* The cache's clock in milliseconds since 1970, estimated; 0: not known yet. */
    int64_t (*now_ms)(const mci_cache *c);
    int (*is_up)(mci_cache *c);
    /* Before any call: what operations will name. 0, or -1 when there are too many or memory is short. */
    int (*add_family)(mci_cache *c, mci_family *f);
    int (*add_set)(mci_cache *c, mci_set *s);
    void (*close)(mci_cache *c);
    /* The name under which others find the value of an id (`f` NULL: a string). NULL: there is no such name. */
    void (*name)(const mci_cache *c, const mci_family *f, const char *id, mci_buf *out);
    /* What is to be known about using it: 1 when it answers. `step_ms` for each exchange. NULL: nothing can be wrong with it. */
    int (*check)(mci_cache *c, int64_t step_ms, mc_findings *out);
} mci_cache_ops;

/* The head of every cache. */
struct mci_cache {
    const mci_cache_ops *ops;
    int64_t scope;   /* of the caller's database, set once by who opens it; part of each epoch where epochs are many */
    int many_epochs; /* its parts have epochs of their own, in which the scope is */
    int moves;       /* other servers may take the place of those that are asked now */
    int64_t (*changed_ns)(
        const mci_cache *c); /* monotonic time when that last happened, or may have; 0: never. NULL unless it moves */
};

#endif
