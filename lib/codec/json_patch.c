/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: flattening a caller's patch into steps, and applying steps to a document's text. Refuses: a change to "_id", and setting
 * a field below something that is not an object. Removing there changes nothing, as MongoDB's $unset does.
 */
#include "base/error.h"
#include "base/num.h"
#include "codec/json.h"
#include "codec/json_splice.h"
#include "codec/json_tree.h"

#include <stdlib.h>
#include <string.h>

#define SPLICED_STEPS 4                    /* each costs a pass over the text, a tree some ten */
#define PATH_MAX_BYTES 1024                /* of a dotted path */
#define PATHS_BASE_BYTES ((size_t)4 << 20) /* of all paths together: this, and ... */
#define PATHS_FACTOR 8                     /* ... so many for each byte of the patch: a long name may precede many */

/* ---- planning ---- */

/* By components: "a.b" before "a0", as MongoDB orders the fields it appends. */
static int by_path(const void *a, const void *b)
{
    const unsigned char *x = (const unsigned char *)((const mci_step *)a)->path;
    const unsigned char *y = (const unsigned char *)((const mci_step *)b)->path;
    while (*x == *y && *x != '\0') {
        x++;
        y++;
    }
    int cx = *x == '.' ? 1 : *x == '\0' ? 0 : *x + 1;
    int cy = *y == '.' ? 1 : *y == '\0' ? 0 : *y + 1;
    return (cx > cy) - (cx < cy);
}

typedef struct planner {
    mci_patch *patch;
    mci_buf value;
    size_t paths_left; /* bytes */
    mc_error *err;
    char path[PATH_MAX_BYTES + 1];
} planner;

static mc_status plan_value(planner *p, const json_t *v)
{
    size_t n = strlen(p->path) + 1;
    if (n > p->paths_left)
        return mci_fail(p->err, MC_E_TOOBIG, MC_TIER_NONE,
                        "patch: the paths of its fields are longer together than %zu bytes and %d times the patch",
                        PATHS_BASE_BYTES, PATHS_FACTOR);
    p->paths_left -= n;
    mci_buf_reset(&p->value);
    mc_status st =
        json_is_null(v) ? MC_OK : mci_tree_within(p->err, mci_tree_write(v, MCI_STRICT, &p->value, p->err), p->path);
    if (st == MC_OK && mci_patch_add(p->patch, p->path, json_is_null(v) ? NULL : p->value.data, p->value.len) != 0)
        st = mci_fail(p->err, MC_E_NOMEM, MC_TIER_NONE, "patch: out of memory");
    return st;
}

static int is_branch(const json_t *v)
{
    const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)v));
    return json_is_object(v) && json_object_size(v) > 0 && key[0] != '$';
}

/* All members of `o`; path_len bytes of the path lead to it. Depth was limited by the parser. */
static mc_status plan_object(planner *p, const json_t *o, size_t path_len)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        mc_status st = mci_tree_check_key(key, p->err);
        if (st != MC_OK)
            return st;
        size_t dot = path_len > 0;
        size_t n = strlen(key);
        if (path_len + dot + n > PATH_MAX_BYTES)
            return mci_fail(p->err, MC_E_TOOBIG, MC_TIER_NONE, "patch: path of field '%.64s' is longer than %d bytes", key,
                            PATH_MAX_BYTES);
        if (dot)
            p->path[path_len] = '.';
        memcpy(p->path + path_len + dot, key, n + 1);
        st = is_branch(value) ? plan_object(p, value, path_len + dot + n) : plan_value(p, value);
        if (st != MC_OK)
            return st;
    }
    return MC_OK;
}

mc_status mci_json_patch_plan(const mci_spec *spec, const char *json, size_t len, mci_patch *out, mc_error *err)
{
    json_t *tree;
    mci_patch patch = {0};
    *out = patch;
    mc_status st = mci_tree_parse(json, len, MCI_STRICT, "patch", &tree, err);
    if (st != MC_OK)
        return st;
    if (json_object_get(tree, "_id") != NULL)
        st = mci_fail(err, MC_E_FIELD, MC_TIER_NONE, "patch: _id cannot be changed");
    if (st == MC_OK)
        st = mci_json_check_rank(spec, tree, err);
    if (st == MC_OK) {
        planner *p = malloc(sizeof *p);
        if (p == NULL) {
            st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "patch: out of memory");
        } else {
            p->patch = &patch;
            p->err = err;
            p->paths_left = PATHS_BASE_BYTES + PATHS_FACTOR * len;
            p->path[0] = '\0';
            mci_buf_init(&p->value, SIZE_MAX / 4);
            st = plan_object(p, tree, 0);
            mci_buf_free(&p->value);
            free(p);
        }
    }
    json_decref(tree);
    if (st != MC_OK) {
        mci_patch_free(&patch);
        return st;
    }
    if (patch.n > 1)
        qsort(patch.steps, patch.n, sizeof *patch.steps, by_path);
    *out = patch;
    return MC_OK;
}

mc_status mci_json_patch_number(mci_patch *out, const char *path, double value)
{
    char text[MCI_NUM_MAX];
    size_t n = mci_double_text(value == 0 ? 0.0 : value, text); /* -0.0 becomes 0.0 */
    *out = (mci_patch){0};
    return mci_patch_add(out, path, text, n) == 0 ? MC_OK : MC_E_NOMEM;
}

/* ---- applying ---- */

static int is_plain_object(const json_t *v)
{
    return json_is_object(v) && !mci_tree_is_wrapper(v);
}

/* The next component is a number: below an array MongoDB would take it for an element. */
static int is_index(const char *p)
{
    size_t digits = strspn(p, "0123456789");
    return digits > 0 && (p[digits] == '.' || p[digits] == '\0');
}

static mc_status step_value(const mci_step *s, json_t **out, mc_error *err)
{
    json_error_t e;
    *out = json_loadb(s->json, s->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (*out != NULL)
        return MC_OK;
    int no_memory = json_error_code(&e) == json_error_out_of_memory;
    return mci_fail(err, no_memory ? MC_E_NOMEM : MC_E_JSON, MC_TIER_NONE, "patch: field '%.128s': %s", s->path, e.text);
}

static mc_status apply_step(json_t *root, const mci_step *s, mc_error *err)
{
    json_t *at = root;
    json_t *value = NULL;
    const char *p = s->path;
    size_t n;
    for (; p[n = strcspn(p, ".")] != '\0'; p += n + 1) {
        json_t *child = json_object_getn(at, p, n);
        if (child == NULL && s->json != NULL) {
            child = json_object();
            if (child == NULL || json_object_setn_new(at, p, n, child) != 0)
                return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "patch: out of memory");
        } else if (child == NULL || !is_plain_object(child)) {
            if (s->json == NULL && !(json_is_array(child) && is_index(p + n + 1)))
                return MC_OK; /* nothing there to remove */
            return mci_fail(err, MC_E_CONFLICT, MC_TIER_STORE, "cannot change '%.128s': '%.*s' is not an object", s->path,
                            (int)(p + n - s->path), s->path);
        }
        at = child;
    }
    if (s->json == NULL) {
        (void)json_object_deln(at, p, n);
        return MC_OK;
    }
    mc_status st = step_value(s, &value, err);
    if (st == MC_OK && json_object_setn_new(at, p, n, value) != 0)
        st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "patch: out of memory");
    return st;
}

mc_status mci_json_apply_by_tree(const char *json, size_t len, const mci_patch *patch, char **out, size_t *out_len,
                                 mc_error *err)
{
    json_t *tree;
    mci_buf text;
    *out = NULL;
    *out_len = 0;
    mc_status st = mci_tree_parse(json, len, MCI_LENIENT, "document", &tree, err);
    if (st != MC_OK)
        return st;
    for (size_t i = 0; i < patch->n && st == MC_OK; i++)
        st = apply_step(tree, &patch->steps[i], err);
    mci_buf_init(&text, SIZE_MAX / 4);
    if (st == MC_OK)
        st = mci_tree_write(tree, MCI_LENIENT, &text, err);
    if (st == MC_OK && text.len > MCI_JSON_MAX && text.len > len)
        st = mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "the document would grow above %u bytes", MCI_JSON_MAX);
    if (st == MC_OK && (*out = mci_buf_take(&text, out_len)) == NULL)
        st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "document: out of memory");
    mci_buf_free(&text);
    json_decref(tree);
    return st;
}

/* The steps one after another in the text itself. 1; 0: the tree decides. */
static int splice_all(const char *json, size_t len, const mci_patch *patch, mci_buf *out)
{
    mci_buf from = {0};
    int ok = patch->n > 0 && patch->n <= SPLICED_STEPS;
    for (size_t i = 0; i < patch->n && ok; i++) {
        mci_buf_free(&from);
        from = *out;
        mci_buf_init(out, SIZE_MAX / 4);
        (void)mci_buf_reserve(out, len + patch->steps[i].len + 64);
        ok = mci_json_splice(i == 0 ? json : from.data, i == 0 ? len : from.len, &patch->steps[i], out);
    }
    mci_buf_free(&from);
    return ok;
}

mc_status mci_json_apply(const char *json, size_t len, const mci_patch *patch, char **out, size_t *out_len, mc_error *err)
{
    mci_buf text;
    mci_buf_init(&text, SIZE_MAX / 4);
    int spliced = splice_all(json, len, patch, &text) && (text.len <= MCI_JSON_MAX || text.len <= len);
    *out = spliced ? mci_buf_take(&text, out_len) : NULL;
    mci_buf_free(&text);
    return *out != NULL ? MC_OK : mci_json_apply_by_tree(json, len, patch, out, out_len, err);
}
