/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a password and a key are after a client has been closed: nowhere in the process' memory. The test knows them only with every byte
 * changed, so that it does not find itself.
 */
#include "memstore.h"
#include "servers.h"

#include <mflixcache/mflixcache.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MASK 0x55
#define LONG 32

static char password[LONG], key[LONG]; /* masked */

/* Write the plain text of `masked` to `out`; and take it back. */
static void show(const char *masked, char *out)
{
    for (size_t i = 0; i < LONG; i++)
        out[i] = (char)(masked[i] ^ MASK);
    out[LONG] = '\0';
}

static void wipe(void *p, size_t n)
{
    volatile char *v = p;
    while (n-- > 0)
        *v++ = 0;
}

static int found_in(const char *p, size_t n, const char *masked)
{
    int found = 0;
    for (size_t i = 0; i + LONG <= n; i++) {
        size_t k = 0;
        while (k < LONG && p[i + k] == (char)(masked[k] ^ MASK))
            k++;
        found += k == LONG;
        wipe(&k, sizeof k);
    }
    return found;
}

/* How often it is in memory that can be written: heap, data, stacks. */
static int copies(const char *masked)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    int found = 0;
    assert_non_null(maps);
    assert_true(mem >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest = NULL;
        unsigned long from = strtoul(line, &rest, 16);
        unsigned long to = strtoul(rest + 1, &rest, 16);
        if (rest[1] != 'r' || rest[2] != 'w' || to - from > (64u << 20))
            continue;
        size_t n = to - from;
        char *p = malloc(n);
        ssize_t got = p != NULL ? pread(mem, p, n, (off_t)from) : -1;
        if (got > 0) {
            int here = found_in(p, (size_t)got, masked);
            found += here;
            if (here > 0)
                printf("%d in %s", here, line);
            wipe(p, (size_t)got); /* or the next round finds this copy */
        }
        free(p);
    }
    (void)fclose(maps);
    (void)close(mem);
    return found;
}

static void write_file(const char *path, const char *uri)
{
    char text[600];
    char plain[LONG + 1];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    size_t n = (size_t)snprintf(text, sizeof text, "{\"kv.ttl_ms\":60000,\"cache\":{\"uri\":\"%s\",\"key\":\"", uri);
    show(key, text + n);
    n += LONG;
    n += (size_t)snprintf(text + n, sizeof text - n, "\",\"password\":\"");
    show(password, text + n); /* last: no longer text comes after it */
    n += LONG;
    n += (size_t)snprintf(text + n, sizeof text - n, "\"}}");
    assert_int_equal(write(fd, text, n), n);
    wipe(text, sizeof text);
    wipe(plain, sizeof plain);
    (void)close(fd);
}

static void test_nothing_is_left(void **state)
{
    (void)state;
    srv redis;
    memstore mem;
    mc_error err;
    mc_client *mc = NULL;
    char path[64];
    char plain[LONG + 1];
    char *out = NULL;
    for (size_t i = 0; i < LONG; i++) {
        password[i] = (char)(("Hq7-u2Wc"[i % 8] + (char)(i / 8)) ^ MASK);
        key[i] = (char)("0123456789abcdef"[(i * 7 + 3) % 16] ^ MASK);
    }
    memstore_init(&mem);
    show(password, plain);
    srv_start_redis(&redis, "--save", "", "--requirepass", plain, NULL);
    wipe(plain, sizeof plain);
    (void)snprintf(path, sizeof path, "/tmp/mflix-secrets-%d.json", (int)getpid());
    write_file(path, redis.uri);
    mc_options *o = mc_options_new();
    mc_status st = mc_options_load_file(o, path, &err);
    (void)unlink(path);
    if (st != MC_OK)
        fail_msg("%s", err.text);
    mc_store table = memstore_table(&mem);
    if (mc_open_with_store(o, &table, &mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    assert_int_equal(mc_put(mc, "k", "v", 1, 0, NULL, &err), MC_OK);
    assert_int_equal(mc_get(mc, "k", &out, NULL, NULL, &err), MC_OK);
    mc_free(out);
    assert_true(copies(password) > 0); /* while it is open it must be somewhere: the search finds it */
    assert_int_equal(mc_close(mc), MC_OK);
    assert_int_equal(copies(password), 0);
    assert_int_equal(copies(key), 0);
    srv_stop(&redis);
    memstore_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
