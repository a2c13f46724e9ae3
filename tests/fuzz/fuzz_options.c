/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and options: "KEY=VALUE" or a URI. What was set reads back and may be set again; no password in any text that is shown. */
#include "fuzz.h"

#include "api/options.h"
#include "base/uri_redact.h"
#include "redis/uri.h"

#include <string.h>

const fuzz_seed fuzz_seeds[] = {SEED("redis://user:s3cret@host:6380/3?db=1"),
                                SEED("redis://[::1%25lo]:6379/0"),
                                SEED("unix://user:s3cret@/run/redis.sock?db=2"),
                                SEED("rediss://host"),
                                SEED("cache.uri=redis://a:s3cret@b:1/2?cache.timeout_ms=5"),
                                SEED("cache.timeout_ms=500"),
                                SEED("read.tiers=redis,store"),
                                SEED("store.uri=mongodb://u:s3cret@h1,h2/db?tls=true"),
                                SEED("write.mode=safe"),
                                {NULL, 0}};

static void address(const char *text)
{
    mci_redis_addr a;
    mc_error err = {0};
    if (mci_redis_uri_parse(text, &a, NULL, NULL, &err) == MC_OK) {
        FUZZ_CHECK(a.db >= 0 && a.db <= 65535);
        FUZZ_CHECK((a.path[0] != '\0') != (a.port >= 1 && a.port <= 65535 && a.host[0] != '\0'));
        FUZZ_CHECK(memchr(a.host, '\0', sizeof a.host) != NULL && memchr(a.password, '\0', sizeof a.password) != NULL);
    } else {
        FUZZ_CHECK(err.text[0] != '\0' && strstr(err.text, "s3cret") == NULL);
    }
    mci_redis_addr_wipe(&a);
}

static void option(mc_options *o, char *text)
{
    mc_error err = {0};
    char got[2048];
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return;
    *equals = '\0';
    if (mc_options_set(o, text, equals + 1, &err) != MC_OK) {
        FUZZ_CHECK(err.text[0] != '\0');
    } else if (mc_options_get(o, text, got, sizeof got, &err) == MC_OK && strcmp(text, "cache.uri") != 0 &&
               strcmp(text, "store.uri") != 0 && strstr(text, "password") == NULL && strstr(text, "cache.key") == NULL) {
        FUZZ_CHECK(mc_options_set(o, text, got, &err) == MC_OK);
    }
    *equals = '=';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[4097];
    char shown[4097];
    size_t n = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, n);
    text[n] = '\0';
    address(text);
    mc_options *o = mc_options_new();
    FUZZ_CHECK(o != NULL);
    option(o, text);
    mc_options_free(o);
    mci_uri_redact(text, shown, sizeof shown);
    FUZZ_CHECK(memchr(shown, '\0', sizeof shown) != NULL);
    return 0;
}
