/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file export.h
 * Visibility of the public functions. Everything else in the shared library is hidden.
 */
#ifndef MFLIXCACHE_EXPORT_H
#define MFLIXCACHE_EXPORT_H

/** Marks a function as part of the public interface. */
#if defined(__GNUC__) || defined(__clang__)
#define MC_API __attribute__((visibility("default")))
#else
#define MC_API
#endif

#endif /* MFLIXCACHE_EXPORT_H */
