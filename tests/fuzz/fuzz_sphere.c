/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of a geo set: any double is a place on the map, or none. Numbers and texts as Redis writes them. */
#include "fuzz.h"

#include "base/num.h"
#include "base/sphere.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

const fuzz_seed fuzz_seeds[] = {SEED("3479099956230698"),     SEED("-1"),  SEED("1e300"),
                                SEED("4503599627370496"),     SEED("0.1"), SEED("inf"),
                                SEED("\0\0\0\0\0\0\xf0\x7f"), {NULL, 0}};

static void place(double score)
{
    double lon = 0;
    double lat = 0;
    int rc = mci_sphere_decode(score, &lon, &lat);
    if (rc == 0)
        FUZZ_CHECK(score >= 0 && score < 4503599627370496.0 && fabs(lon) <= 180 && fabs(lat) <= 85.0512);
    else
        FUZZ_CHECK(isnan(mci_sphere_distance(1, 2, lon, lat)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double d = 0;
    if (size >= sizeof d) {
        memcpy(&d, data, sizeof d);
        place(d);
    }
    if (mci_parse_double((const char *)data, size, &d) == 0) {
        char text[MCI_NUM_MAX];
        double again = 0;
        FUZZ_CHECK(isfinite(d));
        size_t n = mci_double_text(d, text);
        FUZZ_CHECK(mci_parse_double(text, n, &again) == 0 && again == d);
        place(d);
    }
    (void)mci_utf8_valid((const char *)data, size);
    return 0;
}
