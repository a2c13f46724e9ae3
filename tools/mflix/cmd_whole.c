/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about a whole collection of the database: count, export. */
#include "app.h"
#include "output.h"

#include <inttypes.h>
#include <string.h>

static int is_theaters(const char *name, int *out)
{
    *out = strcmp(name, "theaters") == 0;
    if (!*out && strcmp(name, "movies") != 0)
        return usage_error("'%s' is neither movies nor theaters", name);
    return 0;
}

/* ---- count -------------------------------------------------------------------------------------------------------- */

static int run_count(app *a, const args *g)
{
    int64_t movies = 0;
    int64_t theaters = 0;
    mc_error err;
    (void)g;
    int rc = app_open(a);
    if (rc)
        return rc;
    mc_status st = mc_count_movies(a->mc, &movies, &err);
    if (st == MC_OK)
        st = mc_count_theaters(a->mc, &theaters, &err);
    if (st)
        return fail(a, "count", st, NULL, &err);
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        put_int(&j, "movies", movies);
        put_int(&j, "theaters", theaters);
        answer_end(&j, NULL);
    } else {
        printf("movies    %" PRId64 "\ntheaters  %" PRId64 "\n", movies, theaters);
    }
    return EXIT_FINE;
}

const command cmd_count = {"count",
                           "",
                           "how many movies and theaters the database has",
                           "Example:\n"
                           "  mflix count\n\n"
                           "As good as the database knows it cheaply: of MongoDB its own estimate.\n",
                           NULL,
                           0,
                           0,
                           0,
                           run_count};

/* ---- export ------------------------------------------------------------------------------------------------------- */

static int print_document(void *user, const char *text, size_t size)
{
    (void)user;
    return fwrite(text, 1, size, stdout) != size || putchar('\n') == EOF || interrupted();
}

static int run_export(app *a, const args *g)
{
    int theaters = 0;
    mc_error err;
    int rc = is_theaters(g->operands[0], &theaters);
    if (!rc && a->json)
        rc = usage_error("export: each line is a JSON document already: leave --json out");
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    mc_status st = theaters ? mc_export_theaters(a->mc, print_document, NULL, &err)
                            : mc_export_movies(a->mc, print_document, NULL, &err);
    if (st == MC_E_ABORT)
        return interrupted() ? EXIT_INTERRUPTED : EXIT_FINE; /* what could not be written is told at the end */
    return st ? fail(a, "export", st, NULL, &err) : EXIT_FINE;
}

const command cmd_export = {"export",
                            "movies | theaters",
                            "print every document of the database, one a line",
                            "Examples:\n"
                            "  mflix export movies | gzip > movies.ndjson.gz        what `mflix load` reads again\n"
                            "  mflix export theaters | jq -r .location.address.city\n\n"
                            "Extended JSON, ordered by id, read past the cache.\n",
                            NULL,
                            0,
                            1,
                            1,
                            run_export};
