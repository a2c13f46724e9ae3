/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: keys to slots and slots to hash tags. Refuses: tables in writable memory. */
#include "redis/slot.h"

#include <string.h>

/* Half a byte at a time: short keys, a table of two cache lines. */
static unsigned crc16(unsigned crc, const char *p, size_t n)
{
    static const unsigned short half[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
                                            0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    for (size_t i = 0; i < n; i++) {
        unsigned c = (unsigned char)p[i];
        crc = (crc << 4 & 0xffff) ^ half[(crc >> 12 ^ c >> 4) & 15];
        crc = (crc << 4 & 0xffff) ^ half[(crc >> 12 ^ c) & 15];
    }
    return crc;
}

int mci_slot_of(const char *key, size_t len)
{
    const char *open = len > 0 ? memchr(key, '{', len) : NULL;
    if (open != NULL) {
        size_t left = len - (size_t)(open + 1 - key);
        const char *close = left > 0 ? memchr(open + 1, '}', left) : NULL;
        if (close != NULL && close > open + 1)
            return (int)(crc16(0, open + 1, (size_t)(close - open - 1)) % MCI_SLOTS);
    }
    return (int)(crc16(0, key, len) % MCI_SLOTS);
}

int mci_slot_of_key(const char *name, const char *id)
{
    size_t n = strlen(name);
    if (id == NULL)
        return mci_slot_of(name, n);
    size_t tag = strcspn(id, "}");
    if (tag > 0) /* the only '{' of the name is its last byte */
        return (int)(crc16(0, id, tag) % MCI_SLOTS);
    unsigned crc = crc16(crc16(0, name, n), id, strlen(id));
    return (int)(crc16(crc, "}", 1) % MCI_SLOTS);
}

void mci_slot_tags_make(mci_slot_tags *t)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    memset(t, 0, sizeof *t);
    size_t left = MCI_SLOTS;
    for (unsigned i = 0; left > 0; i++) {
        char tag[5];
        unsigned v = i;
        size_t n = 0;
        do {
            tag[n++] = digits[v % 36];
            v /= 36;
        } while (v > 0 && n < 4);
        tag[n] = '\0';
        char *at = t->tag[crc16(0, tag, n) % MCI_SLOTS];
        if (at[0] != '\0')
            continue;
        memcpy(at, tag, n + 1);
        left--;
    }
}
