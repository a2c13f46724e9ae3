/* SPDX-License-Identifier: Apache-2.0 */
/* Prints docs/options.md from the option table, through the public interface. */
#include <mflixcache/options.h>
#include <stdio.h>
#include <string.h>

/* A '|' would end the table's cell. */
static void cell(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '|')
            putchar('\\');
        putchar(*p);
    }
}

static void group(const char *key)
{
    static const struct {
        const char *prefix;
        const char *title;
    } titles[] = {
        {"cache.", "Redis"}, {"store.", "The database"}, {"movies.ttl", "Cached values"}, {"call.", "Reads and writes"}};
    static const char *open = "";
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (strncmp(key, titles[i].prefix, strlen(titles[i].prefix)) == 0 && strcmp(open, titles[i].title) != 0) {
            open = titles[i].title;
            printf("\n## %s\n\n| key | type | default | range | what |\n| --- | --- | --- | --- | --- |\n", open);
        }
}

int main(void)
{
    printf(
        "# Options\n\n"
        "<!-- Generated from the option table by tests/tools/options_doc.c; do not edit. -->\n\n"
        "Set one with `mc_options_set(o, key, value, &err)`, all of a JSON file with `mc_options_load_file()` (flat,\n"
        "`{\"cache.uri\": ...}`, or nested, `{\"cache\": {\"uri\": ...}}`), or from the environment with "
        "`mc_options_load_env()`:\n"
        "the variable is `MFLIXCACHE_` and the key in capitals, `_` in place of `.`. `MONGO_URL` sets `store.uri`; "
        "`REDIS_HOST`\n"
        "and `REDIS_PORT` set host and port in `cache.uri`; the specific variables win over these. Later settings win over\n"
        "earlier ones. Times are whole numbers of milliseconds.\n\n"
        "A variable that is empty counts as unset. An empty `cache.prefix` is set by code, by file, or in\n"
        "`MFLIXCACHE_CACHE_URI=redis://HOST:PORT/DB?prefix=`. A variable that begins with `MFLIXCACHE_` and belongs to no "
        "option is\n"
        "named in the text of `err` although the call succeeds; `mflix` and `mflix-server` print it as a warning, Python "
        "warns. What\n"
        "Kubernetes sets for a service named redis, `REDIS_PORT=tcp://...`, is not a setting and changes nothing.\n");
    mc_option_info row;
    for (size_t i = 0; mc_option_at(i, &row) == MC_OK; i++) {
        group(row.key);
        printf("| `%s` | %s | ", row.key, row.type);
        if (row.default_value[0] == '\0')
            printf("empty");
        else
            printf("`%s`", row.default_value);
        printf(" | ");
        cell(row.range);
        printf(" | ");
        cell(row.help);
        printf("%s |\n", row.secret ? " Never shown." : "");
    }
    return 0;
}
