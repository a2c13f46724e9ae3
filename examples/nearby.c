/* SPDX-License-Identifier: Apache-2.0 */
/* Places: theaters near a point, the nearest first. */
#include "common.h"

int main(void)
{
    static const char *const docs[] = {
        "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51e701\"},\"theaterId\":1,\"location\":{\"address\":{\"street1\":\"1 Bay "
        "St\","
        "\"city\":\"Harbour\"},\"geo\":{\"type\":\"Point\",\"coordinates\":[-74.0,40.7]}}}",
        "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51e702\"},\"theaterId\":2,\"location\":{\"address\":{\"street1\":\"2 Hill "
        "Rd\","
        "\"city\":\"Upland\"},\"geo\":{\"type\":\"Point\",\"coordinates\":[-74.0,40.8]}}}",
        "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51e703\"},\"theaterId\":3,\"location\":{\"address\":{\"street1\":\"3 Far "
        "Ln\","
        "\"city\":\"Elsewhere\"},\"geo\":{\"type\":\"Point\",\"coordinates\":[-80.0,35.0]}}}"};
    mc_client *mc = example_open();
    size_t sizes[3];
    mc_status statuses[3];
    mc_error err;
    for (int i = 0; i < 3; i++)
        sizes[i] = strlen(docs[i]);
    if (mc_import_theaters(mc, docs, sizes, 3, MC_IMPORT_REPLACE, statuses, &err) != MC_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    mc_list *rows = NULL;
    if (mc_nearby_theaters(mc, -74.0, 40.72, 50000, 5, &rows, NULL, &err) != MC_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < mc_list_size(rows); i++)
        printf("%.1f km  %s, %s\n", mc_list_distance_m(rows, i) / 1000, mc_theater_street1(mc_list_theater(rows, i)),
               mc_theater_city(mc_list_theater(rows, i)));
    mc_list_free(rows);
    return mc_close(mc) == MC_OK ? 0 : 1;
}
