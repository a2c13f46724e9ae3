/* SPDX-License-Identifier: Apache-2.0 */
/* A program outside the tree: sees the installed headers and library only. Embedded store, no Redis. */
#include <mflixcache/mflixcache.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what, mc_status st, const mc_error *err)
{
    fprintf(stderr, "%s: %s: %s\n", what, mc_status_name(st), err->text);
    return 1;
}

int main(void)
{
    static const char doc[] = "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4803\"},\"title\":\"Sunrise\",\"year\":1927,"
                              "\"imdb\":{\"rating\":8.1,\"votes\":1}}";
    mc_error err = {0};
    mc_options *o = mc_options_new();
    mc_client *mc = NULL;
    const mc_movie *m = NULL;
    mc_status st = mc_options_set(o, "store.uri", "sqlite::memory:", &err);
    if (st == MC_OK)
        st = mc_options_set(o, "cache.uri", "redis://127.0.0.1:1/0", &err); /* nobody there: no error */
    if (st != MC_OK)
        return fail("options", st, &err);
    st = mc_open(o, &mc, &err);
    mc_options_free(o);
    if (st != MC_OK)
        return fail("open", st, &err);
    st = mc_prepare_store(mc, &err);
    if (st != MC_OK)
        return fail("prepare", st, &err);
    st = mc_create_movie(mc, doc, strlen(doc), NULL, NULL, &err);
    if (st != MC_OK)
        return fail("create", st, &err);
    st = mc_get_movie(mc, "573a1390f29313caabcd4803", &m, NULL, &err);
    if (st != MC_OK)
        return fail("get", st, &err);
    printf("%s: %s (%s)\n", mc_version(), mc_movie_title(m), mc_movie_id(m));
    mc_movie_unref(m);
    return mc_close(mc) == MC_OK && strcmp(mc_version(), MC_VERSION_TEXT) == 0 ? 0 : 1;
}
