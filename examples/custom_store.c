/* SPDX-License-Identifier: Apache-2.0 */
/* Your own database behind the cache: a table of callbacks; only `find` is mandatory. */
#include "common.h"

typedef struct my_database {
    int asked;
} my_database;

/* Hand the document with this id to the library, or say that there is none. */
static mc_status find(void *user, const char *collection, const char *id, int64_t deadline_ms, mc_document_sink *sink)
{
    my_database *db = user;
    char json[200];
    (void)deadline_ms; /* a real one would give up after so many milliseconds, with MC_E_TIMEOUT */
    db->asked++;
    if (strcmp(collection, "movies") != 0 || strcmp(id, example_ids[0]) != 0)
        return MC_NOT_FOUND;
    int n = snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"From my own database\"}", id);
    return mc_document_sink_add(sink, json, (size_t)n);
}

int main(void)
{
    my_database db = {0};
    mc_store store;
    mc_client *mc = NULL;
    mc_error err;
    mc_store_init(&store, sizeof store);
    store.user = &db;
    store.find = find;
    mc_options *options = mc_options_new();
    if (mc_options_load_env(options, &err) != MC_OK || mc_open_with_store(options, &store, &mc, &err) != MC_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    mc_options_free(options);
    (void)mc_invalidate_all(mc, NULL, NULL);
    for (int i = 0; i < 10; i++) {
        const mc_movie *movie = NULL;
        if (mc_get_movie(mc, example_ids[0], &movie, NULL, &err) == MC_OK && i == 0)
            printf("%s\n", mc_movie_title(movie));
        mc_movie_unref(movie);
        if (mc_get_movie(mc, example_ids[1], &movie, NULL, &err) == MC_NOT_FOUND && i == 0)
            printf("the other is not there\n");
    }
    printf("20 reads, the database was asked %d times\n", db.asked);
    if (mc_delete_movie(mc, example_ids[0], NULL, &err) == MC_E_UNSUPPORTED)
        printf("no delete: %s\n", err.text);
    return mc_close(mc) == MC_OK ? 0 : 1;
}
