/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: loads under way in this process, and those that ended while others were asking for the lease. Refuses: joining documents by id alone, which
 * could hand out what a newer write replaced.
 */
#include "engine/flight.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_BYTES 16384 /* of a document that has landed */

struct mci_flight {
    uint32_t hash; /* of the id: all who ask about one id are in one bucket; of the token where there is no id */
    char token[MCI_TOKEN_SIZE];
    int64_t begun_ns;
    int refs; /* guarded by the table's lock, as everything here */
    int landed;
    int64_t epoch; /* of its lease; -1: not given yet, or there is none */
    const mci_family *family;
    char *id; /* what is loaded; NULL: the token alone says it */
    mc_status status;
    mci_doc *doc;
    mci_cond done;
    mci_flight *next;
};

int mci_flights_init(mci_flights *f)
{
    memset(f->bucket, 0, sizeof f->bucket);
    memset(f->last, 0, sizeof f->last);
    return mci_mutex_init(&f->lock);
}

static uint32_t hash_of(const char *text)
{
    uint32_t h = 2166136261u;
    for (const char *p = text; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return h;
}

static mci_flight **bucket_of(mci_flights *f, uint32_t hash)
{
    return &f->bucket[hash % MCI_FLIGHT_BUCKETS];
}

static mci_flight *new_flight(const char *token)
{
    mci_flight *fl = calloc(1, sizeof *fl);
    if (fl == NULL)
        return NULL;
    if (mci_cond_init(&fl->done) != 0) {
        free(fl);
        return NULL;
    }
    memcpy(fl->token, token, strnlen(token, MCI_TOKEN_SIZE - 1));
    fl->hash = hash_of(fl->token);
    fl->refs = 1;
    fl->epoch = -1;
    fl->begun_ns = mci_now_ns();
    return fl;
}

static void free_flight(mci_flight *fl)
{
    mci_doc_unref(fl->doc);
    mci_cond_destroy(&fl->done);
    free(fl->id);
    free(fl);
}

/* With the lock held, from here to the next line of dashes. What nobody needs any more is put on `dead`, to be freed once the lock is gone. */
static void drop(mci_flight *fl, mci_flight **dead)
{
    if (--fl->refs > 0)
        return;
    fl->next = *dead;
    *dead = fl;
}

static void insert(mci_flights *f, mci_flight *fl)
{
    mci_flight **b = bucket_of(f, fl->hash);
    fl->next = *b;
    *b = fl;
}

static mci_flight *find(mci_flights *f, const char *token, const char *id)
{
    mci_flight *fl = *bucket_of(f, hash_of(id != NULL ? id : token));
    while (fl != NULL && memcmp(fl->token, token, MCI_TOKEN_SIZE - 1) != 0)
        fl = fl->next;
    return fl;
}

static int same_id(const mci_flight *a, const mci_flight *b)
{
    return a->hash == b->hash && a->family == b->family && a->id != NULL && b->id != NULL && strcmp(a->id, b->id) == 0;
}

/* Does another thread wait for Redis' word on who loads what `fl` is about? */
static int is_asked_about(mci_flights *f, const mci_flight *fl)
{
    for (const mci_flight *o = *bucket_of(f, fl->hash); o != NULL; o = o->next)
        if (o != fl && !o->landed && o->epoch == -1 && same_id(o, fl))
            return 1;
    return 0;
}

/* Loads of this id that ended are kept only for those who ask. */
static void sweep(mci_flights *f, const mci_flight *fl, mci_flight **dead)
{
    if (is_asked_about(f, fl))
        return;
    for (mci_flight **p = bucket_of(f, fl->hash); *p != NULL;) {
        mci_flight *o = *p;
        if (o->landed && same_id(o, fl)) {
            *p = o->next;
            drop(o, dead);
        } else {
            p = &o->next;
        }
    }
}

/* Threads that have missed before it landed are still on their way here. */
static void remember(mci_flights *f, mci_flight *fl, mci_flight **dead)
{
    if (fl->status < 0 || fl->family == NULL || fl->epoch == -1)
        return;
    mci_flight **last = &f->last[fl->hash % MCI_FLIGHT_BUCKETS];
    if (*last != NULL)
        drop(*last, dead);
    *last = NULL;
    if (fl->doc != NULL && mci_doc_size(fl->doc) > KEEP_BYTES)
        return;
    fl->refs++;
    *last = fl;
}

static void remove_flight(mci_flights *f, mci_flight *fl, mci_flight **dead)
{
    mci_flight **p = bucket_of(f, fl->hash);
    while (*p != fl)
        p = &(*p)->next;
    *p = fl->next;
    drop(fl, dead);
}

/* ---- without the lock --------------------------------------------------------------------------------------------- */

static void free_all(mci_flight *dead)
{
    while (dead != NULL) {
        mci_flight *next = dead->next;
        free_flight(dead);
        dead = next;
    }
}

void mci_flights_destroy(mci_flights *f)
{
    mci_flight *dead = NULL;
    for (int i = 0; i < MCI_FLIGHT_BUCKETS; i++)
        if (f->last[i] != NULL)
            drop(f->last[i], &dead);
    free_all(dead);
    mci_mutex_destroy(&f->lock);
}

mci_flight *mci_flight_begin(mci_flights *f, const char *token, const mci_family *family, const char *id)
{
    mci_flight *fl = new_flight(token);
    if (fl == NULL)
        return NULL;
    fl->family = family;
    fl->id = strdup(id);
    if (fl->id == NULL) {
        free_flight(fl);
        return NULL;
    }
    fl->hash = hash_of(id);
    mci_mutex_lock(&f->lock);
    insert(f, fl);
    mci_mutex_unlock(&f->lock);
    return fl;
}

mci_flight *mci_flight_enter(mci_flights *f, const char *token, int *mine)
{
    mci_mutex_lock(&f->lock);
    mci_flight *fl = find(f, token, NULL);
    *mine = fl == NULL;
    if (fl != NULL)
        fl->refs++;
    else if ((fl = new_flight(token)) != NULL)
        insert(f, fl);
    mci_mutex_unlock(&f->lock);
    return fl;
}

int64_t mci_flight_begun_ns(const mci_flight *fl)
{
    return fl->begun_ns;
}

void mci_flight_land(mci_flights *f, mci_flight *fl, mc_status status, mci_doc *doc)
{
    if (fl == NULL)
        return;
    mci_flight *dead = NULL;
    mci_mutex_lock(&f->lock);
    int leased = fl->epoch != -1;
    fl->landed = 1;
    fl->status = status;
    fl->doc = doc != NULL ? mci_doc_ref(doc) : NULL;
    mci_cond_broadcast(&fl->done);
    remember(f, fl, &dead);
    if (!(leased && is_asked_about(f, fl))) /* else those who are told of its lease come for its outcome */
        remove_flight(f, fl, &dead);
    if (!leased && fl->id != NULL)
        sweep(f, fl, &dead);
    mci_mutex_unlock(&f->lock);
    free_all(dead);
}

void mci_flight_leased(mci_flights *f, mci_flight *fl, int64_t epoch)
{
    if (fl == NULL)
        return;
    mci_flight *dead = NULL;
    mci_mutex_lock(&f->lock);
    fl->epoch = epoch;
    mci_cond_broadcast(&fl->done); /* those who joined look whether it is theirs */
    sweep(f, fl, &dead);
    mci_mutex_unlock(&f->lock);
    free_all(dead);
}

mci_flight *mci_flight_join(mci_flights *f, const char *token, size_t len, const mci_family *family, const char *id,
                            int64_t epoch, int64_t after_ns)
{
    if (len != MCI_TOKEN_SIZE - 1)
        return NULL;
    mci_mutex_lock(&f->lock);
    mci_flight *fl = find(f, token, id);
    if (fl != NULL && (fl->family != family || fl->id == NULL || strcmp(fl->id, id) != 0 || fl->begun_ns <= after_ns ||
                       (fl->epoch != -1 && fl->epoch != epoch)))
        fl = NULL;
    if (fl != NULL)
        fl->refs++;
    mci_mutex_unlock(&f->lock);
    return fl;
}

static int may_share(const mci_flight *fl, uint32_t hash, const mci_family *family, const char *id, int64_t after_ns)
{
    return fl->hash == hash && fl->family == family && fl->begun_ns > after_ns && !(fl->landed && fl->epoch == -1) &&
           fl->id != NULL && strcmp(fl->id, id) == 0;
}

mci_flight *mci_flight_share(mci_flights *f, const mci_family *family, const char *id, int64_t after_ns)
{
    uint32_t hash = hash_of(id);
    mci_mutex_lock(&f->lock);
    mci_flight *fl = f->last[hash % MCI_FLIGHT_BUCKETS];
    if (fl == NULL || !may_share(fl, hash, family, id, after_ns))
        fl = *bucket_of(f, hash);
    while (fl != NULL && !may_share(fl, hash, family, id, after_ns))
        fl = fl->next;
    if (fl != NULL)
        fl->refs++;
    mci_mutex_unlock(&f->lock);
    return fl;
}

/* May whoever has seen this epoch have what it brings? Not known before it has its lease. */
static int suits(const mci_flight *fl, int64_t epoch)
{
    return fl->id == NULL || (epoch == MCI_ANY_EPOCH ? fl->epoch != -1 : fl->epoch == epoch);
}

int mci_flight_wait(mci_flights *f, mci_flight *fl, int64_t epoch, mci_deadline dl, mc_status *status, mci_doc **doc)
{
    mci_mutex_lock(&f->lock);
    int rc = 0;
    while (!fl->landed && rc == 0 && (fl->epoch == -1 || suits(fl, epoch)))
        rc = mci_cond_wait(&fl->done, &f->lock, dl);
    rc = fl->landed && suits(fl, epoch) ? 0 : -1;
    if (rc == 0) {
        *status = fl->status;
        *doc = fl->doc != NULL ? mci_doc_ref(fl->doc) : NULL;
    }
    mci_flight *dead = NULL;
    drop(fl, &dead);
    mci_mutex_unlock(&f->lock);
    free_all(dead);
    return rc;
}
