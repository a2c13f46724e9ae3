/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: searching a geo set. Every exchange also asks whether the set can be believed (mark, epoch, places in doubt). Refuses: a set
 * without its mark, members that are no ids, and more of the set than the answer needs.
 */
#include "engine/geo_search.h"

#include "base/num.h"
#include "engine/identity.h"
#include "engine/sphere.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROWTH 4                           /* from one radius to the next */
#define SLACK_M 2.0                        /* a geo set keeps places to less than a metre */
#define FETCH_MAX 1000                     /* members taken in one answer, when fewer are wanted */
#define CELLS_MAX 4096                     /* looked at together */
#define MEMBERS_MAX INT64_C(1000000000000) /* no set has more */
#define CELL_SPARE 100                     /* members that may have come to a cell since it was counted */

typedef struct search {
    mci_call *c;
    mci_coll *coll;
    const mci_circle *where;
    double radius; /* within which members count now */
    size_t wanted;
    mci_row *rows;
    size_t *n;
    mc_status *st;
    size_t first; /* the first command that is not about whether the set can be believed */
} search;

static int is_before(const mci_row *a, const mci_row *b)
{
    return a->score != b->score ? a->score < b->score : strcmp(a->id, b->id) < 0;
}

int mci_nearest_insert(mci_row *rows, size_t *n, size_t count, const mci_row *row)
{
    if (*n == count && !is_before(row, &rows[count - 1]))
        return 0;
    char *id = strdup(row->id);
    if (id == NULL)
        return -1;
    if (*n == count) {
        mci_rows_free(&rows[count - 1], 1);
        (*n)--;
    }
    size_t low = 0;
    size_t high = *n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (is_before(row, &rows[mid]))
            high = mid;
        else
            low = mid + 1;
    }
    memmove(&rows[low + 1], &rows[low], (*n - low) * sizeof *rows);
    rows[low] = *row;
    rows[low].id = id;
    rows[low].doc = row->doc != NULL ? mci_doc_ref(row->doc) : NULL;
    (*n)++;
    return 0;
}

/* ---- one exchange ------------------------------------------------------------------------------------------------- */

static void begin(search *s, mci_batch *b)
{
    mci_batch_init(b);
    mci_cmd(b, "ZRANGE", 4);
    mci_arg_str(b, s->coll->geo.name);
    mci_arg_int(b, 0);
    mci_arg_int(b, 0);
    mci_cmd(b, "GET", 2);
    mci_arg_str(b, s->c->e->epoch_key);
    mci_repair_cmd(s->c, b, s->coll);
    mci_cmd(b, "ZCARD", 2);
    mci_arg_str(b, s->coll->geo.name);
    s->first = b->n;
}

/* Run it, and judge the set. What searches answers with `answers`. */
static mci_near_state run(search *s, mci_batch *b, mci_reply_type answers)
{
    static const mci_near_state next[] = {
        [MCI_REPAIR_CLEAN] = MCI_NEAR_OK, [MCI_REPAIR_DONE] = MCI_NEAR_AGAIN, [MCI_REPAIR_LEFT] = MCI_NEAR_STORE};
    int64_t epoch = 0;
    int64_t size = 0;
    *s->st = mci_call_exec(s->c, b);
    if (*s->st != MC_OK)
        return MCI_NEAR_STORE;
    for (size_t i = 0; i < b->n; i++) {
        const mci_reply *r = mci_batch_reply(b, i);
        if (!mci_reply_too_big(r))
            continue;
        mci_derived_check_type(s->c, &s->coll->geo, r); /* a member that no reader can take: the next call builds anew */
        return MCI_NEAR_STORE;
    }
    int wrong = 0; /* an error is no empty answer */
    for (size_t i = s->first; i < b->n; i++)
        wrong |= mci_batch_reply(b, i)->type != answers;
    if (mci_reply_epoch(mci_batch_reply(b, 1), &epoch) != 0 || !mci_identity_holds(s->c, &epoch))
        return MCI_NEAR_STORE;
    if (mci_reply_count(mci_batch_reply(b, 3), &size) == 0)
        atomic_store_explicit(&s->coll->geo_size, size, memory_order_relaxed);
    if (mci_derived_is_whole(mci_batch_reply(b, 0), epoch)) {
        mci_near_state state = next[mci_repair(s->c, s->coll, mci_batch_reply(b, 2))];
        return state == MCI_NEAR_OK && wrong ? MCI_NEAR_STORE : state;
    }
    mci_derived_check_type(s->c, &s->coll->geo, mci_batch_reply(b, 0));
    return mci_rebuild(s->c, s->coll, &s->coll->geo) ? MCI_NEAR_AGAIN : MCI_NEAR_STORE;
}

/* A member and its score as a candidate. Others can write to the set: what is no id of ours, or no place, is none. */
static void take_member(search *s, const mci_reply *id, const mci_reply *score)
{
    char checked[MCI_ID_CAP];
    double cell = 0;
    int64_t bits = 0;
    mci_row row = {.id = checked};
    if (id == NULL || id->type != MCI_REPLY_STRING ||
        mci_id_check(s->coll->spec->id_kind, id->u.str, id->len, checked, "id", NULL) != MC_OK)
        return;
    if (score != NULL && score->type == MCI_REPLY_INT && mci_reply_count(score, &bits) == 0)
        cell = (double)bits;
    else if (mci_reply_double(score, &cell) != 0)
        return;
    if (mci_sphere_decode(cell, &row.lon, &row.lat) != 0)
        return;
    row.score = mci_sphere_distance(s->where->lon, s->where->lat, row.lon, row.lat);
    if (row.score <= s->radius + SLACK_M && mci_nearest_insert(s->rows, s->n, s->wanted, &row) != 0)
        *s->st = mci_fail(s->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
}

static void forget(search *s)
{
    mci_rows_free(s->rows, *s->n);
    *s->n = 0;
}

/* ---- circles that GEOSEARCH can do -------------------------------------------------------------------------------- */

static mci_near_state geosearch(search *s)
{
    mci_batch b;
    forget(s);
    begin(s, &b);
    mci_cmd(&b, "GEOSEARCH", 12);
    mci_arg_str(&b, s->coll->geo.name);
    mci_arg_str(&b, "FROMLONLAT");
    mci_arg_double(&b, s->where->lon);
    mci_arg_double(&b, s->where->lat);
    mci_arg_str(&b, "BYRADIUS");
    mci_arg_double(&b, s->radius + SLACK_M);
    mci_arg_str(&b, "m");
    mci_arg_str(&b, "ASC");
    mci_arg_str(&b, "COUNT");
    mci_arg_int(&b, (int64_t)s->wanted + 1); /* the mark may be among them */
    mci_arg_str(&b, "WITHHASH");
    mci_near_state state = run(s, &b, MCI_REPLY_ARRAY);
    const mci_reply *r = mci_batch_reply(&b, s->first);
    for (size_t i = 0; state == MCI_NEAR_OK && i <= s->wanted; i++) {
        const mci_reply *one = mci_reply_item(r, i);
        take_member(s, mci_reply_item(one, 0), mci_reply_item(one, 1));
    }
    mci_batch_free(&b);
    return *s->st < 0 && *s->st == MC_E_NOMEM ? MCI_NEAR_FAILED : state;
}

/* ---- all others: cells of the map --------------------------------------------------------------------------------- */

typedef struct cells {
    mci_sphere_cell *cell;
    size_t n;
} cells;

static void range_args(mci_batch *b, const mci_sphere_cell *cell)
{
    double low = 0;
    double high = 0;
    char below[MCI_NUM_MAX + 1] = "(";
    mci_sphere_scores(cell, &low, &high);
    (void)mci_double_text(high, below + 1);
    mci_arg_double(b, low);
    mci_arg_str(b, below);
}

/* How many members each cell has. */
static mci_near_state count_members(search *s, cells *k)
{
    mci_batch b;
    begin(s, &b);
    for (size_t i = 0; i < k->n; i++) {
        mci_cmd(&b, "ZCOUNT", 4);
        mci_arg_str(&b, s->coll->geo.name);
        range_args(&b, &k->cell[i]);
    }
    mci_near_state state = run(s, &b, MCI_REPLY_INT);
    for (size_t i = 0; state == MCI_NEAR_OK && i < k->n; i++)
        if (mci_reply_count(mci_batch_reply(&b, s->first + i), &k->cell[i].members) != 0 || k->cell[i].members > MEMBERS_MAX)
            state = MCI_NEAR_STORE;
    mci_batch_free(&b);
    return state;
}

static int by_far(const void *a, const void *b)
{
    const mci_sphere_cell *x = a;
    const mci_sphere_cell *y = b;
    return (x->far_m > y->far_m) - (x->far_m < y->far_m);
}

/* Leave out cells that are empty, or farther than enough members surely are. Returns the members of the others. */
static int64_t prune(search *s, cells *k)
{
    int64_t sum = 0;
    int64_t total = 0;
    double bound = s->where->radius_m + SLACK_M;
    qsort(k->cell, k->n, sizeof *k->cell, by_far);
    for (size_t i = 0; i < k->n; i++) {
        sum += k->cell[i].members;
        if (sum > (int64_t)s->wanted) { /* one more: the mark may be among them */
            bound = fmin(bound, k->cell[i].far_m);
            break;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (k->cell[i].members == 0 || k->cell[i].near_m > bound)
            continue;
        total += k->cell[i].members;
        k->cell[kept++] = k->cell[i];
    }
    k->n = kept;
    s->radius = fmin(s->where->radius_m, bound);
    return total;
}

/* Each cell by its four parts. 0, or -1: they are too many, or as small as cells get. */
static int split(search *s, cells *k)
{
    if (k->n == 0 || k->n > CELLS_MAX / 4 || k->cell[0].step == MCI_SPHERE_STEPS)
        return -1;
    size_t n = k->n;
    for (size_t i = 0; i < n; i++) {
        mci_sphere_cell whole = k->cell[i];
        for (int part = 0; part < 4; part++) {
            mci_sphere_cell c = {.i = 2 * whole.i + (part & 1), .j = 2 * whole.j + (part >> 1), .step = whole.step + 1};
            mci_sphere_measure(&c, s->where->lon, s->where->lat);
            k->cell[part == 0 ? i : k->n++] = c;
        }
    }
    return 0;
}

static mci_near_state fetch(search *s, const cells *k)
{
    mci_batch b;
    forget(s);
    begin(s, &b);
    for (size_t i = 0; i < k->n; i++) {
        mci_cmd(&b, "ZRANGEBYSCORE", 8);
        mci_arg_str(&b, s->coll->geo.name);
        range_args(&b, &k->cell[i]);
        mci_arg_str(&b, "WITHSCORES");
        mci_arg_str(&b, "LIMIT");
        mci_arg_int(&b, 0);
        mci_arg_int(&b, k->cell[i].members + CELL_SPARE);
    }
    mci_near_state state = run(s, &b, MCI_REPLY_ARRAY);
    for (size_t i = 0; state == MCI_NEAR_OK && i < k->n; i++) {
        const mci_reply *r = mci_batch_reply(&b, s->first + i);
        size_t items = r != NULL && r->type == MCI_REPLY_ARRAY ? r->len / 2 : 0;
        size_t most = (size_t)(k->cell[i].members + CELL_SPARE);
        for (size_t m = 0; m < items && m < most; m++)
            take_member(s, mci_reply_item(r, 2 * m), mci_reply_item(r, 2 * m + 1));
    }
    mci_batch_free(&b);
    return *s->st == MC_E_NOMEM ? MCI_NEAR_FAILED : state;
}

static mci_near_state search_cells(search *s)
{
    cells k = {calloc(CELLS_MAX, sizeof *k.cell), 0};
    int64_t most = s->wanted < FETCH_MAX / 4 ? FETCH_MAX : 4 * (int64_t)s->wanted;
    if (k.cell == NULL) {
        *s->st = mci_fail(s->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for cells");
        return MCI_NEAR_FAILED;
    }
    k.n = mci_sphere_cover(s->where->lon, s->where->lat, s->where->radius_m + SLACK_M, k.cell);
    mci_near_state state = count_members(s, &k);
    int64_t total = state == MCI_NEAR_OK ? prune(s, &k) : 0;
    while (state == MCI_NEAR_OK && total > most && split(s, &k) == 0) {
        state = count_members(s, &k);
        total = state == MCI_NEAR_OK ? prune(s, &k) : 0;
    }
    if (state == MCI_NEAR_OK)
        state = total > 10 * most ? MCI_NEAR_STORE : fetch(s, &k); /* thousands in one place: the store knows them better */
    free(k.cell);
    return state;
}

mci_near_state mci_geo_search(mci_call *c, mci_coll *coll, const mci_circle *where, size_t wanted, mci_row *rows, size_t *n,
                              mc_status *st)
{
    search s = {.c = c, .coll = coll, .where = where, .wanted = wanted, .rows = rows, .n = n, .st = st};
    int64_t size = atomic_load_explicit(&coll->geo_size, memory_order_relaxed);
    *n = 0;
    s.radius = mci_sphere_first_radius((double)size, (double)wanted, where->radius_m);
    while (!mci_sphere_wraps(where->lon, where->lat, s.radius + SLACK_M)) {
        mci_near_state state = geosearch(&s);
        if (state != MCI_NEAR_OK || *n == wanted || s.radius >= where->radius_m)
            return state;
        s.radius = s.radius * GROWTH < where->radius_m ? s.radius * GROWTH : where->radius_m;
    }
    return search_cells(&s);
}
