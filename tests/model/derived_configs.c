/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: who takes part and what may go wrong, in steps small enough that every order can be walked. The smallest come first. */
#include "derived_model.h"

static const d_config two = {
    .name = "2 writers", .ids = 1, .writers = 2, .writes = "0u0u", .repairs = 1, .reader = 1, .built = 1};
static const d_config three = {
    .name = "3 writers", .ids = 1, .writers = 3, .writes = "0u0u0u", .repairs = 1, .reader = 1, .built = 1};
static const d_config deleted = {
    .name = "update, delete, 2 repeats", .ids = 1, .writers = 2, .writes = "0u0d", .repairs = 1, .built = 1, .repeats = 2};
static const d_config aborted = {
    .name = "update, abort, delete", .ids = 1, .writers = 3, .writes = "0u0a0d", .repairs = 1, .built = 1, .repeats = 1};
static const d_config dies = {.name = "2 writers, 1 dies, 2 repairs",
                              .ids = 1,
                              .writers = 2,
                              .writes = "0u0u",
                              .repairs = 2,
                              .reader = 1,
                              .built = 1,
                              .deaths = 1};
static const d_config lost = {
    .name = "3 writers, 1 settlement lost", .ids = 1, .writers = 3, .writes = "0u0u0u", .repairs = 1, .built = 1, .lost = 1};
static const d_config fails = {
    .name = "2 announcements fail", .ids = 1, .writers = 2, .writes = "0u0u", .builders = 1, .old_doubt = 1, .fails = 2};
static const d_config builders = {
    .name = "2 ids, delete, update, 2 builders", .ids = 2, .writers = 2, .writes = "0d1u", .builders = 2, .hold_ends = 1};
static const d_config two_ids = {.name = "2 ids, create, 1 lost, 2 builders",
                                 .ids = 2,
                                 .writers = 2,
                                 .writes = "0u1u",
                                 .builders = 2,
                                 .repairs = 1,
                                 .lost = 1,
                                 .created = 1};
static const d_config outside = {.name = "outside write, 2 writers",
                                 .ids = 1,
                                 .writers = 2,
                                 .writes = "0u0u",
                                 .repairs = 1,
                                 .builders = 1,
                                 .outside = 1,
                                 .built = 1};
static const d_config outside_built = {
    .name = "outside write, 2 builders", .ids = 1, .writers = 1, .writes = "0u", .builders = 2, .outside = 1};
static const d_config forgets = {.name = "1 dies, slot forgets, 2 builders",
                                 .ids = 1,
                                 .writers = 2,
                                 .writes = "0u0u",
                                 .repairs = 1,
                                 .builders = 2,
                                 .built = 1,
                                 .deaths = 1,
                                 .forgets = 1};
static const d_config vanishes = {.name = "1 key vanishes, builder",
                                  .ids = 1,
                                  .writers = 2,
                                  .writes = "0u0u",
                                  .builders = 1,
                                  .reader = 1,
                                  .built = 1,
                                  .vanish = 1,
                                  .keys = 7};
static const d_config both_vanish = {.name = "1 dies, 2 keys vanish",
                                     .ids = 1,
                                     .writers = 2,
                                     .writes = "0u0u",
                                     .builders = 1,
                                     .built = 1,
                                     .deaths = 1,
                                     .vanish = 2,
                                     .keys = 7};
static const d_config new_vanishes = {.name = "new set vanishes, 2 builders",
                                      .ids = 2,
                                      .writers = 1,
                                      .writes = "0u",
                                      .builders = 2,
                                      .hold_ends = 1,
                                      .vanish = 1,
                                      .keys = 8};
static const d_config pages = {.name = "2 ids, a page lost, update",
                               .ids = 2,
                               .writers = 1,
                               .writes = "0u",
                               .builders = 2,
                               .reader = 1,
                               .hold_ends = 1,
                               .pages = 1};
static const d_config doubted = {.name = "old doubt, builder, 1 lost",
                                 .ids = 1,
                                 .writers = 2,
                                 .writes = "0u0u",
                                 .repairs = 1,
                                 .builders = 1,
                                 .reader = 1,
                                 .old_doubt = 1,
                                 .lost = 1};
static const d_config late = {.name = "settlement late, 1 repeat",
                              .ids = 1,
                              .writers = 2,
                              .writes = "0u0u",
                              .repairs = 1,
                              .built = 1,
                              .lost = 1,
                              .late = 1,
                              .repeats = 1};
static const d_config lost_forgets = {.name = "1 lost, slot forgets, 2 builders",
                                      .ids = 1,
                                      .writers = 1,
                                      .writes = "0u",
                                      .builders = 2,
                                      .built = 1,
                                      .deaths = 1,
                                      .lost = 1,
                                      .late = 1,
                                      .hold_ends = 1,
                                      .forgets = 1};
static const d_config three_built = {
    .name = "3 writers, builder, 1 repair", .ids = 1, .writers = 3, .writes = "0u0u0u", .repairs = 1, .builders = 1};

const d_config *const d_configs[] = {&two,           &three,   &deleted,  &aborted,      &dies,
                                     &lost,          &fails,   &builders, &two_ids,      &outside,
                                     &outside_built, &forgets, &vanishes, &both_vanish,  &new_vanishes,
                                     &pages,         &doubted, &late,     &lost_forgets, &three_built};
const size_t d_nconfigs = sizeof d_configs / sizeof d_configs[0];
