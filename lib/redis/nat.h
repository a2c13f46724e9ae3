/* SPDX-License-Identifier: Apache-2.0 */
/* Servers behind address translation: "announced-host:port=host:port,..." (cache.nat_map). */
#ifndef MCI_REDIS_NAT_H
#define MCI_REDIS_NAT_H

/* NULL, or what is wrong with the text. */
const char *mci_nat_check(const char *nat);
/* An announced address becomes the one where it is reached; any other stays. `nat` was checked. */
void mci_nat_translate(const char *nat, char host[256], int *port);

#endif
