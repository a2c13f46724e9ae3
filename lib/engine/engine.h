/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: one generic cache over collections. Everything here works on a mci_coll; nothing knows movies. The parts:
 *   read.c      cache-aside reads, one or many       write.c     write-through writes, the three modes
 *   alias.c     second keys (title)                  board.c     sorted sets: top, rank          views.c  counted views
 *   geo.c       nearest                              build.c, repair.c  boards and geo sets      kv.c     string keys
 *   flight.c    single flight in the process         recovery.c  ids to drop when Redis is back
 *   identity.c  whose values does Redis hold?
 *   health.c    can Redis be used?                   seen.c      what was read past Redis
 *   invalidate.c                                     warm.c      loading ahead, importing
 *   fallback.c  any value through the tiers: Redis, snapshot, the caller's loader
 */
#ifndef MCI_ENGINE_ENGINE_H
#define MCI_ENGINE_ENGINE_H

#include "base/doc.h"
#include "base/random.h"
#include "base/settings.h"
#include "base/sync.h"
#include "codec/hash.h"
#include "codec/json.h"
#include "engine/flight.h"
#include "engine/recovery.h"
#include "engine/seen.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "redis/redis.h"
#include "scripts.h"
#include "store/snapshot.h"
#include "store/store.h"
#include <mflixcache/client.h>
#include <stdatomic.h>

#define MCI_MAX_BATCH 1000 /* ids in one call */
#define MCI_KEY_MAX 192    /* prefixes and fixed keys, with their NUL */
#define MCI_ALIAS_MAX 1024 /* bytes of a title */
#define MCI_IDENTITY_MAX 512

/* Keys of one family of values: prefix + id + "}". */
typedef struct mci_keys {
    char value[MCI_KEY_MAX];
    char quarantine[MCI_KEY_MAX];
    char lease[MCI_KEY_MAX];
    char solo[MCI_KEY_MAX];
} mci_keys;

/* String keys: prefix + key + "}". */
typedef struct mci_kv_keys {
    char value[MCI_KEY_MAX];
    char stamp[MCI_KEY_MAX];
    char lease[MCI_KEY_MAX];
} mci_kv_keys;

/* A sorted set or geo set derived from a collection. `name` is "" when the collection has none. */
typedef struct mci_derived {
    char name[MCI_KEY_MAX];
    char lock[MCI_KEY_MAX];
    char changes[MCI_KEY_MAX];
    char temp[MCI_KEY_MAX];
    int geo;
} mci_derived;

/* The ids that stood on the board's first ranks last time: asked for in the same pipeline as the board itself. */
typedef struct mci_memory {
    mci_mutex lock;
    char **ids; /* by rank; NULL where not known */
    size_t n;
} mci_memory;

typedef struct mci_coll {
    const mci_spec *spec; /* static: documents outlive the client */
    int64_t ttl_ms;
    mci_keys keys;
    mci_keys alias_keys;
    mci_derived board;
    mci_derived geo;
    char dirty[MCI_KEY_MAX]; /* ids whose derived sets need a look; "" without derived sets */
    char views[MCI_KEY_MAX]; /* sorted set of views */
    mci_buf field_args[4];   /* names of the hash fields a read asks for, by mci_want, encoded as arguments */
    size_t field_count[4];
    mci_memory top_memory;
    mci_memory views_memory;
    _Atomic int64_t geo_size;       /* members of the geo set when it was last looked at; 0: not known */
    _Atomic int64_t next_repair_ns; /* when lists may spend time on a flood of places in doubt */
} mci_coll;

#define MCI_MAX_COLLS 4

typedef struct mci_engine {
    mci_settings set;
    mci_random rnd;
    mci_metrics *metrics;
    mci_log *log; /* borrowed */
    mci_redis *redis;
    mci_store *store; /* owned */
    mci_flights flights;
    mci_recovery recovery;
    mci_seen seen;
    char epoch_key[MCI_KEY_MAX];
    char probe_key[MCI_KEY_MAX];
    char identity_key[MCI_KEY_MAX];
    char identity[MCI_IDENTITY_MAX]; /* of the database; "": not compared */
    _Atomic int64_t verified_epoch;  /* values of this epoch are of our database; -1: none were seen */
    _Atomic int64_t foreign_until_ns;
    _Atomic int refusing; /* Redis answers, and refuses what the cache needs */
    mci_kv_keys kv_keys;
    mci_macs macs; /* cache.key, cache.key_old */
    mci_snapshot *snapshot;
    _Atomic int64_t set_clock_ms; /* what mc_set_clock() said; 0: Redis' clock */
    mci_coll colls[MCI_MAX_COLLS];
    size_t ncolls;
} mci_engine;

/* One call on its way down: deadline, what to tell the caller, and the time it began. */
typedef struct mci_call {
    mci_engine *e;
    mci_deadline dl;
    mc_info *info; /* never NULL in the engine */
    mc_error *err; /* may be NULL */
} mci_call;

/* Opens Redis (no I/O) and takes the store over on success. `log` is borrowed. */
mc_status mci_engine_open(const mci_settings *set, mci_store *store, mci_log *log, mci_engine **out, mc_error *err);
void mci_engine_close(mci_engine *e);

/* Register a collection; before any call. `ttl_ms` is for its values. */
mc_status mci_engine_add(mci_engine *e, const mci_spec *spec, int64_t ttl_ms, mci_coll **out, mc_error *err);

extern const mci_store_env mci_engine_store_env;

/* ---- shared by the engine's parts --------------------------------------------------------------------------------- */

/* Run a batch and count its round trips. */
mc_status mci_call_exec(mci_call *c, mci_batch *b);
/* The deadline for one store operation, and bookkeeping around it. */
mci_deadline mci_store_deadline(const mci_call *c);
mc_status mci_store_done(mci_call *c, int64_t t0_ns, mc_status st);
/* Redis' clock now, or the wall clock before the first contact. */
int64_t mci_engine_now_ms(const mci_engine *e);
/* The clock by which values are stamped, judged and aged: Redis', unless mc_set_clock() set another. */
int64_t mci_engine_clock(const mci_engine *e);
/* How old what was written then is, by that clock; 0 when it is of the future. */
int64_t mci_engine_age(const mci_engine *e, int64_t written_ms);
/* The clock when a script has just told Redis' time. */
int64_t mci_engine_clock_at(const mci_engine *e, int64_t redis_ms);
/* `ttl_ms` with the jitter of the options. */
int64_t mci_jitter(mci_engine *e, int64_t ttl_ms);
/* Does read.tiers name Redis? */
int mci_reads_redis(const mci_engine *e);
/* The mc_cache_outcome of an answer by the store: a miss, or Redis could not be used, or was never to be asked. */
int mci_store_outcome(const mci_engine *e, int redis_usable);
/* How long a lease is given for a load that has until `dl`: at least read.lease_ms, and as long as the load may take, so that a slow
 * one is cached as well. */
int64_t mci_lease_ms(const mci_engine *e, mci_deadline dl);
/* Place of the collection among the engine's. */
size_t mci_coll_index(const mci_engine *e, const mci_coll *coll);
/* The store was read about this id (or encoded alias), and Redis does not hold what it said by our doing. */
void mci_saw_past_redis(const mci_call *c, const mci_coll *coll, int alias, const char *id);
/* May what Redis shows of it, loaded then, be older than what this handle has read past Redis? */
int mci_is_outdated(const mci_call *c, const mci_coll *coll, int alias, const char *id, int64_t written_ms);
/* Key of one id as the next argument. */
void mci_arg_id(mci_batch *b, const char *prefix, const char *id);
/* A fixed key as the next argument; the epoch's key stands for "none". */
void mci_arg_key(mci_batch *b, const mci_engine *e, const char *key);
/* The text of a reply; nothing when it is none. */
mci_slice mci_reply_slice(const mci_reply *r);
/* The first reply that is an error, as mci_reply_error(); a key of the wrong type is none: whoever asked removes it. */
mc_status mci_replies_error(const mci_batch *b, const char *what, mc_error *err);
/* How a reader names what it could not use to the script that removes it: by its envelope, or, when that is larger than any we write (or
 * all there is was too large to be read), as "!SIZE". Nothing (p NULL) is named by "". */
void mci_name_rejected(mci_buf *out, mci_slice m);
/* A reply that should be an epoch: a count as text, or nothing (0). -1 when it is neither. */
int mci_reply_epoch(const mci_reply *r, int64_t *out);

/* ---- read.c ------------------------------------------------------------------------------------------------------- */

typedef enum mci_want { MCI_WANT_FIELDS = 1, MCI_WANT_DOC = 2, MCI_WANT_BOTH = 3 } mci_want;

typedef struct mci_item {
    const char *id; /* checked; borrowed */
    mc_status status;
    mci_doc *doc; /* owned by whoever asked */
    mc_info info; /* tier, cache, flags, age; round trips are the call's */
} mci_item;

/* Read many. Every item gets a status; MC_OK unless nothing could be done at all. Fields `err` is about the first failure. */
mc_status mci_read_many(mci_call *c, mci_coll *coll, mci_item *items, size_t n, mci_want want);
mc_status mci_read_one(mci_call *c, mci_coll *coll, const char *id, mci_want want, mci_doc **out);

/* Append HMGET for one value; and decode its reply into the item: 1 when that settled the item. */
void mci_read_cmd(mci_batch *b, const mci_coll *coll, const char *id, mci_want want);
int mci_read_reply(mci_call *c, mci_coll *coll, mci_item *it, const mci_reply *r, mci_want want, int64_t epoch,
                   mci_slice *rejected);

/* ---- put.c -------------------------------------------------------------------------------------------------------- */

typedef enum mci_put_mode {
    MCI_PUT_FILL = 'F',
    MCI_PUT_POST = 'P',
    MCI_PUT_ABORT = 'A',
    MCI_PUT_RELEASE = 'R' /* the load failed: let somebody else try */
} mci_put_mode;

/* What a load or a write ends with. */
typedef struct mci_put {
    mci_put_mode mode;
    const char *token;
    const char *id;
    const mci_doc *doc; /* NULL: there is no such document (or ABORT, RELEASE) */
    int64_t epoch;
    int64_t now_ms; /* Redis' clock before the store was asked */
    int no_value;   /* boards only, leave the value out */
} mci_put;

/* Append the script; 0, or -1 when memory is short (then nothing was appended). */
int mci_put_cmd(mci_engine *e, mci_batch *b, const mci_coll *coll, const mci_put *put);

/* ---- alias.c ------------------------------------------------------------------------------------------------------ */

mc_status mci_read_alias(mci_call *c, mci_coll *coll, const char *alias, size_t len, mci_want want, mci_doc **out);
/* Id of the document with this alias: MC_OK, MC_NOT_FOUND, or an error. Asks the store when the cache cannot tell. */
mc_status mci_alias_id(mci_call *c, mci_coll *coll, const char *alias, size_t len, char id[MCI_ID_CAP]);
/* The alias as it stands in keys: percent-encoded where braces, blanks or control bytes would hurt. */
void mci_alias_encode(const char *alias, size_t len, mci_buf *out);
/* The id in an alias' value, whatever its epoch; "" when it leads nowhere or is none of ours. */
void mci_alias_target(const mci_coll *coll, const mci_reply *r, char id[MCI_ID_CAP]);
/* POST of an alias within a write's batch. */
void mci_alias_post(mci_call *c, mci_batch *b, const mci_coll *coll, const char *encoded, const char *token);

/* ---- write.c ------------------------------------------------------------------------------------------------------ */

mc_status mci_write_create(mci_call *c, mci_coll *coll, const char *json, size_t len, mci_doc **out);
/* `patch` is consumed by the call in any case. */
mc_status mci_write_update(mci_call *c, mci_coll *coll, const char *id, mci_patch *patch, mci_doc **out);
mc_status mci_write_delete(mci_call *c, mci_coll *coll, const char *id);
mc_status mci_write_import(mci_call *c, mci_coll *coll, const char *const *json, const size_t *sizes, size_t n, int replace,
                           mc_status *statuses);

/* The script by which a write announces itself, for `span_ms`; "" for `dirty`: the id stands on no board. */
void mci_announce_cmd(const mci_engine *e, mci_batch *b, const mci_keys *keys, const char *id, const char *dirty,
                      const char *token, int64_t span_ms);

/* ---- invalidate.c ------------------------------------------------------------------------------------------------- */

mc_status mci_invalidate_id(mci_call *c, mci_coll *coll, const char *id);
mc_status mci_invalidate_alias(mci_call *c, mci_coll *coll, const char *alias, size_t len);
mc_status mci_invalidate_epoch(mci_call *c);
/* Drop ids that were written while Redis was away, if it is back. 0 when none of them is left. */
int mci_recover(mci_call *c);
/* The same for lists of one collection: 0 when Redis can be believed about all of its ids. */
int mci_recover_lists(mci_call *c, const mci_coll *coll);

/* ---- board.c, views.c, geo.c, build.c, warm.c, kv.c, fallback.c --------------------------------------------------- */

typedef struct mci_row {
    mci_doc *doc;
    char *id;     /* malloc'ed */
    double score; /* rating, views, or metres */
    double lon, lat;
    int64_t rank;
} mci_row;

void mci_rows_free(mci_row *rows, size_t n);

/* At most `count` rows into `rows` (zeroed by the callee). */
mc_status mci_board_top(mci_call *c, mci_coll *coll, int64_t offset, size_t count, mci_row *rows, size_t *n);
mc_status mci_board_rank(mci_call *c, mci_coll *coll, const char *id, int64_t *rank, double *score);
mc_status mci_view_record(mci_call *c, mci_coll *coll, const char *id, int64_t *views);
mc_status mci_view_top(mci_call *c, mci_coll *coll, size_t count, mci_row *rows, size_t *n);
mc_status mci_geo_near(mci_call *c, mci_coll *coll, double lon, double lat, double radius_m, size_t count, mci_row *rows,
                       size_t *n);

/* Build a board or geo set if nobody else does. MC_OK: it is there now; MC_NOT_FOUND: another is building it. */
mc_status mci_build(mci_call *c, mci_coll *coll, const mci_derived *d, mc_progress_fn progress, void *user);
/* The same within half of what is left of the deadline, so that the store can still answer when that is not enough. 1: done. */
int mci_rebuild(mci_call *c, mci_coll *coll, const mci_derived *d);
/* Is the set's lowest member (reply of ZRANGE 0 0) the mark of this epoch? Then the set is whole. */
int mci_derived_is_whole(const mci_reply *lowest, int64_t epoch);
/* Remove a member that no id can be: nobody could ever settle it. */
void mci_derived_forget(mci_call *c, const char *key, const char *member, size_t len);
/* Remove the key when the reply says it is no sorted set, or has a member that is too large to be read. */
void mci_derived_check_type(mci_call *c, const mci_derived *d, const mci_reply *r);
/*
 * Given the reply of mci_repair_cmd(): read ids whose last write did not finish, so that their places are put right. CLEAN: no place is in
 * doubt; DONE: some were, and have been put right: ask again; LEFT: some are in doubt still, and the store has to answer.
 */
typedef enum mci_repair_state { MCI_REPAIR_CLEAN, MCI_REPAIR_DONE, MCI_REPAIR_LEFT } mci_repair_state;
mci_repair_state mci_repair(mci_call *c, mci_coll *coll, const mci_reply *overdue);
/* The command that asks for such ids, for use in a pipeline. */
void mci_repair_cmd(mci_call *c, mci_batch *b, const mci_coll *coll);

mc_status mci_warm(mci_call *c, mci_coll *coll, int values, const mci_derived *d, int64_t limit, mc_progress_fn progress,
                   void *user, int64_t *loaded);

/* `statuses` may be NULL. */
mc_status mci_kv_put(mci_call *c, const mc_entry *entries, size_t n, int64_t ttl_ms, mc_status *statuses);
mc_status mci_kv_get(mci_call *c, const char *key, char **out, size_t *size);
mc_status mci_kv_remove(mci_call *c, const char *key);

/* The store tier of mci_get_or_load(): MC_OK with the value in the buffer, MC_NOT_FOUND, or an error with its text. */
typedef struct mci_loader {
    mc_status (*load)(void *user, const char *key, int64_t deadline_ms, mci_buf *value, mc_error *err);
    void *user;
} mci_loader;

/* One key and what became of it. */
typedef struct mci_wanted {
    const char *key; /* checked; borrowed */
    mc_info *info;   /* not NULL; of one key alone it may be the call's */
    mc_status status;
    char *out; /* malloc'ed; NULL unless MC_OK */
    size_t size;
} mci_wanted;

/* `loader` may be NULL. Every key gets a status; `err` is about the first that failed. */
void mci_get_or_load(mci_call *c, int64_t ttl_ms, const mci_loader *loader, mci_wanted *w, size_t n);

#endif
