/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how answers look. Refuses to hand document text to a terminal as it is: a title may hold escape sequences, and
 * who can write a title should not be able to write to an operator's screen.
 */
#include "output.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name, *code;
} colors[] = {{"bold", "\033[1m"}, {"dim", "\033[2m"}, {"red", "\033[31m"}, {"green", "\033[32m"}, {"yellow", "\033[33m"}};

const char *paint(const app *a, const char *name)
{
    if (!a->color)
        return "";
    for (size_t i = 0; name && i < sizeof colors / sizeof *colors; i++)
        if (strcmp(colors[i].name, name) == 0)
            return colors[i].code;
    return "\033[0m";
}

/* One character at `s`: its length in bytes; `*bad` when it may not reach a terminal (C0, DEL, C1, stray bytes). */
static size_t character(const unsigned char *s, int *bad)
{
    *bad = s[0] < 0x20 || s[0] == 0x7F || (s[0] >= 0x80 && s[0] < 0xC2);
    if (s[0] < 0x80)
        return 1;
    if (s[0] == 0xC2 && s[1] >= 0x80 && s[1] < 0xA0)
        *bad = 1;
    size_t n = 1;
    while (n < 4 && (s[n] & 0xC0) == 0x80)
        n++;
    return n;
}

void print_safe(FILE *f, const char *text)
{
    const unsigned char *s = (const unsigned char *)(text ? text : "-");
    while (*s) {
        int bad;
        size_t n = character(s, &bad);
        if (bad)
            fputc('?', f);
        else
            fwrite(s, 1, n, f);
        s += n;
    }
}

void print_column(FILE *f, const char *text, int columns)
{
    const unsigned char *s = (const unsigned char *)(text ? text : "-");
    int total = 0, bad, at = 0;
    for (const unsigned char *p = s; *p; total++)
        p += character(p, &bad);
    int keep = total > columns ? columns - 1 : total;
    while (at < keep) {
        size_t n = character(s, &bad);
        if (bad)
            fputc('?', f);
        else
            fwrite(s, 1, n, f);
        s += n;
        at++;
    }
    if (total > columns) {
        fputs("…", f);
        at++;
    }
    for (; at < columns; at++)
        fputc(' ', f);
}

const char *format_ns(char *buf, size_t size, double ns)
{
    if (ns < 9.95e6)
        snprintf(buf, size, "%.3f ms", ns / 1e6);
    else if (ns < 1e9)
        snprintf(buf, size, "%.1f ms", ns / 1e6);
    else
        snprintf(buf, size, "%.2f s", ns / 1e9);
    return buf;
}

const char *format_age(char *buf, size_t size, int64_t ms)
{
    if (ms < 1000)
        snprintf(buf, size, "%" PRId64 " ms", ms);
    else if (ms < 60000)
        snprintf(buf, size, "%.1f s", (double)ms / 1000);
    else
        snprintf(buf, size, "%" PRId64 " min %" PRId64 " s", ms / 60000, ms / 1000 % 60);
    return buf;
}

const char *cache_name(int outcome)
{
    static const char *const names[] = {"none", "hit", "miss", "bypass"};
    return outcome >= 0 && outcome <= MC_CACHE_BYPASS ? names[outcome] : "?";
}

static const struct {
    unsigned bit;
    const char *name;
} flag_names[] = {
    {MC_FLAG_STALE, "stale"},     {MC_FLAG_FILLED, "filled"},         {MC_FLAG_NEGATIVE, "negative"},
    {MC_FLAG_SHARED, "shared"},   {MC_FLAG_REDIS_DOWN, "redis_down"}, {MC_FLAG_QUARANTINED, "quarantined"},
    {MC_FLAG_CORRUPT, "corrupt"}, {MC_FLAG_QUEUED, "queued"},         {MC_FLAG_REFUSED, "redis_refuses"},
};

void print_info(const app *a, const mc_info *info)
{
    static const char *const words[] = {"DONE", "HIT", "MISS", "BYPASS"};
    static const char *const shades[] = {"dim", "green", "yellow", "red"};
    char text[40];
    if (a->quiet || a->json)
        return;
    int outcome = info->cache >= 0 && info->cache <= MC_CACHE_BYPASS ? info->cache : MC_CACHE_NONE;
    printf("%s%s%s · %s", paint(a, shades[outcome]), words[outcome], paint(a, NULL), mc_tier_name(info->tier));
    if (info->cache == MC_CACHE_HIT)
        printf(" · age %s", format_age(text, sizeof text, info->age_ms));
    printf(" · %s", format_ns(text, sizeof text, (double)info->elapsed_ns));
    printf(" · %d round trip%s", info->redis_round_trips, info->redis_round_trips == 1 ? "" : "s");
    if (info->store_calls > 0)
        printf(" · %d store call%s", info->store_calls, info->store_calls == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++)
        if (info->flags & flag_names[i].bit)
            printf(" · %s", flag_names[i].name);
    putchar('\n');
}

static void print_names(const char *label, const mc_movie *m, size_t n, const char *(*at)(const mc_movie *, size_t))
{
    if (n == 0)
        return;
    printf("  %-10s", label);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", stdout);
        print_safe(stdout, at(m, i));
    }
    putchar('\n');
}

static void print_line(const char *label, const char *text)
{
    if (!text)
        return;
    printf("  %-10s", label);
    print_safe(stdout, text);
    putchar('\n');
}

/* Civil date of days since 1970-01-01; by arithmetic, as gmtime() need not take years before 1900. */
static void print_date(const char *label, int64_t ms)
{
    int64_t days = ms / 86400000 - (ms % 86400000 < 0);
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    printf("  %-10s%04" PRId64 "-%02" PRId64 "-%02" PRId64 "\n", label, year_of_era + era * 400 + (month <= 2), month, day);
}

void print_movie(const app *a, const mc_movie *m)
{
    double rating;
    int64_t votes, released;
    int runtime;
    char year[YEAR_TEXT];
    fputs(paint(a, "bold"), stdout);
    print_safe(stdout, mc_movie_title(m));
    fputs(paint(a, NULL), stdout);
    if (mc_movie_year_text(m, year, sizeof year) == MC_OK) {
        fputs(" (", stdout);
        print_safe(stdout, year);
        fputs(")", stdout);
    }
    putchar('\n');
    print_line("id", mc_movie_id(m));
    if (mc_movie_rating(m, &rating) == MC_OK) {
        printf("  %-10s%.1f", "rating", rating);
        if (mc_movie_votes(m, &votes) == MC_OK)
            printf(" of 10, %" PRId64 " votes", votes);
        putchar('\n');
    }
    print_names("genres", m, mc_movie_genre_count(m), mc_movie_genre);
    print_names("directors", m, mc_movie_director_count(m), mc_movie_director);
    print_names("cast", m, mc_movie_cast_count(m), mc_movie_cast);
    if (mc_movie_runtime(m, &runtime) == MC_OK)
        printf("  %-10s%d min\n", "runtime", runtime);
    print_line("rated", mc_movie_rated(m));
    if (mc_movie_released(m, &released) == MC_OK)
        print_date("released", released);
    print_line("plot", mc_movie_plot(m));
    print_line("poster", mc_movie_poster(m));
}

void answer_begin(json *j, const app *a, mc_status st)
{
    put_begin(j, stdout);
    put_object(j, NULL);
    put_text(j, "command", a->args->cmd->name);
    put_text(j, "status", mc_status_name(st));
}

void answer_end(json *j, const mc_info *info)
{
    if (info)
        json_info(j, "info", info);
    put_end_object(j);
    put_finish(j);
}

void json_info(json *j, const char *key, const mc_info *info)
{
    put_object(j, key);
    put_text(j, "cache", cache_name(info->cache));
    put_text(j, "tier", mc_tier_name(info->tier));
    put_int(j, "age_ms", info->age_ms);
    put_int(j, "stale_bound_ms", info->stale_bound_ms);
    put_fixed(j, "elapsed_ms", (double)info->elapsed_ns / 1e6, 6);
    put_int(j, "redis_round_trips", info->redis_round_trips);
    put_int(j, "store_calls", info->store_calls);
    put_array(j, "flags");
    for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++)
        if (info->flags & flag_names[i].bit)
            put_text(j, NULL, flag_names[i].name);
    put_end_array(j);
    put_end_object(j);
}

static void json_names(json *j, const char *key, const mc_movie *m, size_t n, const char *(*at)(const mc_movie *, size_t))
{
    put_array(j, key);
    for (size_t i = 0; i < n; i++)
        put_text(j, NULL, at(m, i));
    put_end_array(j);
}

/* The members short and long forms share. A year that is not a plain number stays text, as in the document. */
static void json_head(json *j, const mc_movie *m)
{
    double rating;
    int year;
    char plain[16] = "", text[YEAR_TEXT];
    int there = mc_movie_year_text(m, text, sizeof text) == MC_OK;
    put_text(j, "id", mc_movie_id(m));
    put_text(j, "title", mc_movie_title(m));
    if (mc_movie_year(m, &year) == MC_OK)
        snprintf(plain, sizeof plain, "%d", year);
    if (there && strcmp(text, plain) == 0)
        put_int(j, "year", year);
    else
        put_text(j, "year", there ? text : NULL);
    if (mc_movie_rating(m, &rating) == MC_OK)
        put_number(j, "rating", rating);
    else
        put_null(j, "rating");
}

void json_movie_short(json *j, const char *key, const mc_movie *m)
{
    put_object(j, key);
    json_head(j, m);
    put_end_object(j);
}

void json_movie(json *j, const char *key, const mc_movie *m)
{
    int64_t votes, released;
    int runtime;
    put_object(j, key);
    json_head(j, m);
    if (mc_movie_votes(m, &votes) == MC_OK)
        put_int(j, "votes", votes);
    json_names(j, "genres", m, mc_movie_genre_count(m), mc_movie_genre);
    json_names(j, "directors", m, mc_movie_director_count(m), mc_movie_director);
    json_names(j, "cast", m, mc_movie_cast_count(m), mc_movie_cast);
    if (mc_movie_runtime(m, &runtime) == MC_OK)
        put_int(j, "runtime", runtime);
    if (mc_movie_rated(m))
        put_text(j, "rated", mc_movie_rated(m));
    if (mc_movie_type(m))
        put_text(j, "type", mc_movie_type(m));
    if (mc_movie_released(m, &released) == MC_OK)
        put_int(j, "released_ms", released);
    if (mc_movie_plot(m))
        put_text(j, "plot", mc_movie_plot(m));
    if (mc_movie_poster(m))
        put_text(j, "poster", mc_movie_poster(m));
    put_end_object(j);
}
