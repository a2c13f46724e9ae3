/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: loads under way in this process, by token. Refuses: joining documents by id, which could hand out what a newer write replaced. */
#include "engine/flight.h"

#include <stdlib.h>
#include <string.h>

struct mci_flight {
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
    return mci_mutex_init(&f->lock);
}

void mci_flights_destroy(mci_flights *f)
{
    mci_mutex_destroy(&f->lock);
}

static mci_flight **bucket_of(mci_flights *f, const char *token)
{
    return &f->bucket[((unsigned char)token[0] * 31u + (unsigned char)token[1]) % MCI_FLIGHT_BUCKETS];
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
    fl->refs = 1;
    fl->epoch = -1;
    fl->begun_ns = mci_now_ns();
    return fl;
}

/* With the lock held. Returns what must be freed once the lock is gone. */
static mci_flight *drop(mci_flight *fl)
{
    return --fl->refs == 0 ? fl : NULL;
}

static void free_flight(mci_flight *fl)
{
    if (fl == NULL)
        return;
    mci_doc_unref(fl->doc);
    mci_cond_destroy(&fl->done);
    free(fl->id);
    free(fl);
}

/* With the lock held. */
static void insert(mci_flights *f, mci_flight *fl)
{
    mci_flight **b = bucket_of(f, fl->token);
    fl->next = *b;
    *b = fl;
}

/* With the lock held. */
static mci_flight *find(mci_flights *f, const char *token)
{
    mci_flight *fl = *bucket_of(f, token);
    while (fl != NULL && memcmp(fl->token, token, MCI_TOKEN_SIZE - 1) != 0)
        fl = fl->next;
    return fl;
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
    mci_mutex_lock(&f->lock);
    insert(f, fl);
    mci_mutex_unlock(&f->lock);
    return fl;
}

mci_flight *mci_flight_enter(mci_flights *f, const char *token, int *mine)
{
    mci_mutex_lock(&f->lock);
    mci_flight *fl = find(f, token);
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
    mci_mutex_lock(&f->lock);
    for (mci_flight **p = bucket_of(f, fl->token); *p != NULL; p = &(*p)->next) {
        if (*p == fl) {
            *p = fl->next;
            break;
        }
    }
    fl->landed = 1;
    fl->status = status;
    fl->doc = doc != NULL ? mci_doc_ref(doc) : NULL;
    mci_cond_broadcast(&fl->done);
    mci_flight *dead = drop(fl);
    mci_mutex_unlock(&f->lock);
    free_flight(dead);
}

void mci_flight_leased(mci_flights *f, mci_flight *fl, int64_t epoch)
{
    if (fl == NULL)
        return;
    mci_mutex_lock(&f->lock);
    fl->epoch = epoch;
    mci_cond_broadcast(&fl->done); /* those who joined look whether it is theirs */
    mci_mutex_unlock(&f->lock);
}

mci_flight *mci_flight_join(mci_flights *f, const char *token, size_t len, const mci_family *family, const char *id,
                            int64_t epoch, int64_t after_ns)
{
    if (len != MCI_TOKEN_SIZE - 1)
        return NULL;
    mci_mutex_lock(&f->lock);
    mci_flight *fl = find(f, token);
    if (fl != NULL && (fl->family != family || fl->id == NULL || strcmp(fl->id, id) != 0 || fl->begun_ns <= after_ns ||
                       (fl->epoch != -1 && fl->epoch != epoch)))
        fl = NULL;
    if (fl != NULL)
        fl->refs++;
    mci_mutex_unlock(&f->lock);
    return fl;
}

int mci_flight_wait(mci_flights *f, mci_flight *fl, int64_t epoch, mci_deadline dl, mc_status *status, mci_doc **doc)
{
    mci_mutex_lock(&f->lock);
    int rc = 0;
    while (!fl->landed && rc == 0 && (fl->id == NULL || fl->epoch == -1 || fl->epoch == epoch))
        rc = mci_cond_wait(&fl->done, &f->lock, dl);
    rc = fl->landed && (fl->id == NULL || fl->epoch == epoch) ? 0 : -1;
    if (rc == 0) {
        *status = fl->status;
        *doc = fl->doc != NULL ? mci_doc_ref(fl->doc) : NULL;
    }
    mci_flight *dead = drop(fl);
    mci_mutex_unlock(&f->lock);
    free_flight(dead);
    return rc;
}
