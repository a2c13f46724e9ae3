/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: searching a geo set. Every exchange also says whether the set can be believed. Refuses: members that are no ids, and more of the
 * set than the answer needs.
 */
#include "index/geo_search.h"

#include "base/sphere.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROWTH 4                           /* from one radius to the next */
#define SLACK_M 2.0                        /* a geo set keeps places to less than a metre */
#define FETCH_MAX 512                      /* members taken in one answer, when fewer are wanted */
#define ONE_PLACE_MAX 10000                /* more of them that cells do not part: the store knows them better */
#define CROWD 1000                         /* members that a circle may have around it to be searched as it is */
#define CELLS_MAX 4096                     /* looked at together */
#define CELLS_FEW 32                       /* so many are split into sixteen parts each: fewer exchanges */
#define SMALL_SET 4000                     /* members; a circle that turns out too large costs the cache little */
#define RANGES_MAX 1000                    /* in one operation: a script's arguments are limited */
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
    mci_places_hint hint;
    int crowded; /* so many members lie around the answer that it is not to be searched for by a radius */
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

static mci_op_set_read *add_read(search *s, mci_ops *ops, mci_set_query query)
{
    mci_op_set_read *r = &mci_ops_add(ops, MCI_OP_SET_READ)->u.set_read;
    r->set = &s->coll->geo->set;
    r->query = query;
    return r;
}

/* Run it, and judge the set by each of its first `n` answers. */
static mci_belief run(search *s, mci_ops *ops, size_t n)
{
    mci_belief belief = MCI_BELIEVED;
    if (mci_call_run(s->c, ops) != MC_OK)
        return MCI_ASK_STORE;
    for (size_t i = 0; i < n && belief == MCI_BELIEVED; i++)
        belief = mci_judge(s->c, s->coll, s->coll->geo, ops, &ops->op[i]);
    return belief;
}

/* A member as a candidate. Others can write to the set: what is no id of ours, or no place, is none. */
static void take_member(search *s, const mci_member *m)
{
    char checked[MCI_ID_CAP];
    mci_row row = {.id = checked};
    if (m->id.p == NULL || mci_id_check(s->coll->spec->id_kind, m->id.p, m->id.n, checked, "id", NULL) != MC_OK ||
        mci_sphere_decode(m->score, &row.lon, &row.lat) != 0)
        return;
    row.score = mci_sphere_distance(s->where->lon, s->where->lat, row.lon, row.lat);
    if (row.score <= s->radius + SLACK_M && mci_nearest_insert(s->rows, s->n, s->wanted, &row) != 0)
        *s->st = mci_fail(s->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
}

static void take_members(search *s, const mci_ops *ops, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const mci_set_answer *a = &ops->op[i].u.set_read.answer;
        for (size_t k = 0; k < a->n; k++)
            take_member(s, &a->members[k]);
    }
}

static void forget(search *s)
{
    mci_rows_free(s->rows, *s->n);
    *s->n = 0;
}

/* ---- circles within which the cache searches itself ---------------------------------------------------------------- */

/* Documents that were fetched beside the search; the others are read later. */
static void take_documents(search *s, mci_ops *ops, const mci_fetched *f)
{
    for (size_t i = 0; i < *s->n; i++)
        s->rows[i].doc = mci_fetched_take(s->c, s->coll, s->rows[i].id, i, f, ops, &s->c->info->age_ms);
}

/* One exchange: who is within the radius, and the documents of those who were there last time. */
static mci_belief search_radius(search *s)
{
    mci_ops ops;
    mci_fetched ahead;
    forget(s);
    mci_ops_init(&ops);
    mci_op_set_read *r = add_read(s, &ops, MCI_QUERY_NEAR);
    r->lon = s->where->lon;
    r->lat = s->where->lat;
    r->radius_m = s->radius + SLACK_M;
    r->count = (int64_t)s->wanted + 1; /* the completeness marker may be among them */
    mci_fetch_these(s->hint.ids, s->hint.n, s->coll, &ops, &ahead);
    mci_belief belief = run(s, &ops, 1);
    if (belief == MCI_BELIEVED) {
        take_members(s, &ops, 1);
        take_documents(s, &ops, &ahead);
    }
    mci_fetched_free(&ahead);
    mci_ops_free(&ops);
    return belief;
}

/* ---- all others: cells of the map --------------------------------------------------------------------------------- */

typedef struct cells {
    mci_sphere_cell *cell;
    mci_score_range *range; /* of each */
    size_t n;
} cells;

/* One question about all cells, in as many operations as it takes. */
static void ask_cells(search *s, mci_ops *ops, cells *k, mci_set_query query, int64_t count)
{
    for (size_t i = 0; i < k->n; i++)
        mci_sphere_scores(&k->cell[i], &k->range[i].low, &k->range[i].high);
    for (size_t at = 0; at < k->n; at += RANGES_MAX) {
        mci_op_set_read *r = add_read(s, ops, query);
        r->ranges = k->range + at;
        r->nranges = k->n - at < RANGES_MAX ? k->n - at : RANGES_MAX;
        r->count = count;
    }
}

/* How many members each cell has. */
static mci_belief count_members(search *s, cells *k)
{
    mci_ops ops;
    mci_ops_init(&ops);
    ask_cells(s, &ops, k, MCI_QUERY_COUNTS, 0);
    mci_belief belief = run(s, &ops, ops.n);
    for (size_t i = 0; belief == MCI_BELIEVED && i < k->n; i++) {
        const mci_set_answer *a = &ops.op[i / RANGES_MAX].u.set_read.answer;
        k->cell[i].members = a->counts[i % RANGES_MAX];
        if (k->cell[i].members > MEMBERS_MAX)
            belief = MCI_ASK_STORE;
    }
    mci_ops_free(&ops);
    return belief;
}

static int by_far(const void *a, const void *b)
{
    const mci_sphere_cell *x = a;
    const mci_sphere_cell *y = b;
    return (x->far_m > y->far_m) - (x->far_m < y->far_m);
}

/* Leave out cells that are empty, or farther than enough members surely are. Returns the members of the others. */
static int64_t prune(search *s, cells *k, double radius_m)
{
    int64_t sum = 0;
    int64_t total = 0;
    double bound = radius_m + SLACK_M;
    qsort(k->cell, k->n, sizeof *k->cell, by_far);
    for (size_t i = 0; i < k->n; i++) {
        sum += k->cell[i].members;
        if (sum > (int64_t)s->wanted) { /* one more: the completeness marker may be among them */
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
    s->radius = fmin(radius_m, bound);
    return total;
}

/* Each cell by its four parts. 0, or -1: they are too many, or as small as cells get. */
static int split_once(search *s, cells *k)
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

static int split(search *s, cells *k)
{
    int few = k->n <= CELLS_FEW;
    int st = split_once(s, k);
    if (st == 0 && few)
        (void)split_once(s, k);
    return st;
}

/* Ask in the same exchange how many lie around the answer: what a search by its radius would look at. */
static void ask_crowd(search *s, mci_ops *ops, cells *around)
{
    around->n = mci_sphere_cover(s->where->lon, s->where->lat, s->radius + SLACK_M, around->cell);
    ask_cells(s, ops, around, MCI_QUERY_COUNTS, 0);
}

static int is_crowd(const search *s, const mci_set_answer *a)
{
    int64_t sum = 0;
    for (size_t i = 0; i < a->ncounts; i++)
        sum += a->counts[i];
    return sum > CROWD || mci_sphere_wraps(s->where->lon, s->where->lat, s->radius + SLACK_M);
}

static mci_belief fetch(search *s, cells *k)
{
    mci_ops ops;
    mci_sphere_cell near[MCI_SPHERE_CELLS];
    mci_score_range near_ranges[MCI_SPHERE_CELLS];
    cells around = {near, near_ranges, 0};
    int64_t most = 0;
    forget(s);
    for (size_t i = 0; i < k->n; i++)
        most = k->cell[i].members > most ? k->cell[i].members : most;
    mci_ops_init(&ops);
    ask_cells(s, &ops, k, MCI_QUERY_RANGES, most + CELL_SPARE);
    size_t ranges = ops.n;
    ask_crowd(s, &ops, &around);
    mci_belief belief = k->n == 0 ? MCI_BELIEVED : run(s, &ops, ops.n);
    if (belief == MCI_BELIEVED) {
        take_members(s, &ops, ranges);
        s->crowded = k->n > 0 && is_crowd(s, &ops.op[ranges].u.set_read.answer);
    }
    mci_ops_free(&ops);
    return belief;
}

/* All who are within `radius_m`, or enough of the nearest. */
static mci_belief search_cells(search *s, double radius_m)
{
    cells k = {calloc(CELLS_MAX, sizeof *k.cell), calloc(CELLS_MAX, sizeof *k.range), 0};
    int64_t most = s->wanted < FETCH_MAX / 4 ? FETCH_MAX : 4 * (int64_t)s->wanted;
    mci_belief belief = MCI_BELIEVED;
    s->radius = radius_m;
    if (k.cell == NULL || k.range == NULL) {
        *s->st = mci_fail(s->c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for cells");
    } else {
        k.n = mci_sphere_cover(s->where->lon, s->where->lat, radius_m + SLACK_M, k.cell);
        int64_t total = 0;
        do {
            belief = count_members(s, &k);
            total = belief == MCI_BELIEVED ? prune(s, &k, radius_m) : 0;
        } while (belief == MCI_BELIEVED && total > most && split(s, &k) == 0);
        if (belief == MCI_BELIEVED)
            belief = total > 10 * most && total > ONE_PLACE_MAX ? MCI_ASK_STORE : fetch(s, &k);
    }
    free(k.cell);
    free(k.range);
    return belief;
}

/* ---- which of them ------------------------------------------------------------------------------------------------- */

/* May be searched as a circle, and is not too large for that. */
static int is_circle(const search *s)
{
    return !mci_sphere_wraps(s->where->lon, s->where->lat, s->radius + SLACK_M);
}

static int has_all(const search *s)
{
    return *s->n == s->wanted || s->radius >= s->where->radius_m;
}

static mci_belief by_hint(search *s)
{
    s->radius = s->hint.radius_m;
    return s->hint.crowded || !is_circle(s) ? search_cells(s, s->hint.radius_m) : search_radius(s);
}

/*
 * The radius that was enough last time; in a small set one that would be enough if its members were spread evenly, and larger ones; else cells,
 * since it costs the cache more to search a circle with thousands in it than to count in many cells.
 */
static mci_belief choose(search *s)
{
    int64_t size = atomic_load_explicit(&s->coll->geo->size, memory_order_relaxed);
    int small = size > 0 && size <= SMALL_SET;
    mci_belief belief = MCI_BELIEVED;
    if (!isnan(s->hint.radius_m)) {
        belief = by_hint(s);
        if (belief != MCI_BELIEVED || *s->st != MC_OK || has_all(s))
            return belief;
    }
    s->radius = mci_sphere_first_radius((double)size, (double)s->wanted, s->where->radius_m);
    while (small && is_circle(s)) {
        belief = search_radius(s);
        if (belief != MCI_BELIEVED || *s->st != MC_OK || has_all(s))
            return belief;
        s->radius = fmin(s->radius * GROWTH, s->where->radius_m);
    }
    return search_cells(s, s->where->radius_m);
}

static void remember(search *s)
{
    mci_places_outcome o = {.lon = s->where->lon,
                            .lat = s->where->lat,
                            .radius_m = s->where->radius_m,
                            .wanted = s->wanted,
                            .n = *s->n,
                            .reach_m = *s->n > 0 ? s->rows[*s->n - 1].score : 0,
                            .crowded = s->crowded};
    const char *ids[MCI_PLACES_IDS];
    for (size_t i = 0; i < o.n && i < MCI_PLACES_IDS; i++)
        ids[i] = s->rows[i].id;
    mci_places_keep(s->coll->geo->places, &o, ids);
}

mci_belief mci_geo_search(mci_call *c, mci_coll *coll, const mci_circle *where, size_t wanted, mci_row *rows, size_t *n,
                          mc_status *st)
{
    search s = {.c = c, .coll = coll, .where = where, .wanted = wanted, .rows = rows, .n = n, .st = st};
    *n = 0;
    *st = MC_OK;
    mci_places_find(coll->geo->places, where->lon, where->lat, where->radius_m, wanted, &s.hint);
    mci_belief belief = choose(&s);
    if (belief == MCI_BELIEVED && *st == MC_OK)
        remember(&s);
    free(s.hint.ids);
    return belief;
}
