/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the kinds of servers that the live suite runs on beside one. Refuses: taking a node away. */
#include "stand_in.h"

#include "certificates.h"
#include "topology.h"

#include "cache/redis/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cmocka.h>

struct stand_in {
    stand_in_kind kind;
    topology t;
    mci_slot_tags tags;
    certificates certs;
    char tls_port[16];
    int port; /* of the one that the test asks itself */
};

#define CHECK_MS 4000 /* under Sentinels: a machine may be so busy without that anybody's word is too old */

stand_in_kind stand_in_wanted(void)
{
    static const char *const names[] = {"one", "sentinel", "cluster", "tls"};
    const char *want = getenv("MFLIX_TOPOLOGY");
    for (size_t i = 0; want != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(want, names[i]) == 0)
            return (stand_in_kind)i;
    if (want == NULL)
        return STAND_IN_ONE;
    fprintf(stderr, "MFLIX_TOPOLOGY=%s: one, sentinel, cluster or tls\n", want);
    exit(1);
}

/* Writes wait until nobody can believe an earlier primary: for the first one, until the Sentinels say that it has been it for so long. */
static void await_age(const topology *t)
{
    struct timespec nap = {.tv_nsec = 100000000};
    for (int i = 0; i < 3; i++)
        for (int tries = 0;; tries++) {
            char *out = topology_ask(&t->sentinel[i], "SENTINEL MASTER films");
            const char *ms = out != NULL ? strstr(out, "role-reported-time\n") : NULL;
            int old = ms != NULL && atol(ms + 19) > CHECK_MS;
            free(out);
            if (old)
                break;
            assert_true(tries < 600);
            (void)nanosleep(&nap, NULL);
        }
}

static void start_tls(stand_in *p, srv *redis)
{
    srv_need_tls();
    certificates_begin(&p->certs);
    certificates_make(&p->certs, &(certificate){.name = "ca", .is_ca = 1});
    certificates_make(&p->certs, &(certificate){.name = "server", .issuer = "ca", .alt = "DNS:localhost,IP:127.0.0.1"});
    snprintf(p->tls_port, sizeof p->tls_port, "%d", srv_free_port());
    srv_start_redis(redis, "--tls-port", p->tls_port, "--tls-cert-file", certificates_path(&p->certs, "server.crt"),
                    "--tls-key-file", certificates_path(&p->certs, "server.key"), "--tls-ca-cert-file",
                    certificates_path(&p->certs, "ca.crt"), "--tls-auth-clients", "no", NULL);
    snprintf(redis->uri, sizeof redis->uri, "rediss://127.0.0.1:%s/0?tls_ca_file=%s", p->tls_port,
             certificates_path(&p->certs, "ca.crt"));
    p->port = redis->port;
}

stand_in *stand_in_start(stand_in_kind kind, srv *redis)
{
    stand_in *p = calloc(1, sizeof *p);
    if (p == NULL)
        exit(1);
    p->kind = kind;
    if (kind == STAND_IN_TLS) {
        start_tls(p, redis);
        return p;
    }
    topology_start_direct(&p->t, kind == STAND_IN_CLUSTER);
    mci_slot_tags_make(&p->tags);
    if (kind == STAND_IN_SENTINEL)
        await_age(&p->t);
    p->port = p->t.node[0].port;
    *redis = (srv){.port = p->port};
    snprintf(redis->uri, sizeof redis->uri, "%.319s", p->t.uri);
    snprintf(redis->dir, sizeof redis->dir, "%.255s", p->t.node[0].dir);
    return p;
}

void stand_in_stop(stand_in *p, srv *redis)
{
    if (p->kind == STAND_IN_TLS) {
        srv_stop(redis);
        certificates_end(&p->certs);
    } else {
        topology_stop(&p->t);
    }
    free(p);
}

static int is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcasecmp(name, *names) == 0)
            return 1;
    return 0;
}

int stand_in_ports(const stand_in *p, int argc, const char *const *argv, int out[STAND_IN_NODES])
{
    static const char *const to_all[] = {"FLUSHALL", "SCRIPT", "CONFIG", "KEYS", NULL};
    static const char *const to_one[] = {"INFO", "ACL", "DEBUG", "CLIENT", "SAVE", "DBSIZE", "SCAN", "MULTI", NULL};
    static const char *const of_script[] = {"EVAL", "EVALSHA", NULL};
    out[0] = p->port;
    if (p->kind != STAND_IN_CLUSTER)
        return 1;
    if (is_one_of(argv[0], to_one))
        return 0;
    if (is_one_of(argv[0], to_all)) {
        for (int i = 0; i < p->t.n; i++)
            out[i] = p->t.node[i].port;
        return p->t.n;
    }
    int at = is_one_of(argv[0], of_script) ? 3 : 1;
    if (argc <= at)
        return 0;
    int slot = mci_slot_of(argv[at], strlen(argv[at]));
    for (int i = 0; i < 3; i++)
        if (slot >= i * MCI_SLOTS / 3 && slot < (i + 1) * MCI_SLOTS / 3)
            out[0] = p->t.node[i].port;
    return 1;
}

const char *stand_in_check_ms(const stand_in *p)
{
    static char text[16];
    snprintf(text, sizeof text, "%d", p != NULL && p->kind == STAND_IN_SENTINEL ? CHECK_MS : 60000);
    return text;
}

void stand_in_epoch_key(const stand_in *p, const char *key, char *out)
{
    if (p != NULL && p->kind == STAND_IN_CLUSTER)
        (void)snprintf(out, MCI_KEY_MAX, "mfc:mflix:epoch:{%s}", p->tags.tag[mci_slot_of(key, strlen(key))]);
    else
        (void)snprintf(out, MCI_KEY_MAX, "mfc:{mflix:@}:epoch");
}
