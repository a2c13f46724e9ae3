/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file mflixcache.h
 * Everything: MongoDB documents through Redis, proven fresh. Include this one.
 */
#ifndef MFLIXCACHE_H
#define MFLIXCACHE_H

#include <mflixcache/check.h>
#include <mflixcache/client.h>
#include <mflixcache/error.h>
#include <mflixcache/export.h>
#include <mflixcache/kv.h>
#include <mflixcache/list.h>
#include <mflixcache/movies.h>
#include <mflixcache/observe.h>
#include <mflixcache/options.h>
#include <mflixcache/session.h>
#include <mflixcache/store.h>
#include <mflixcache/theaters.h>
#include <mflixcache/tiers.h>
#include <mflixcache/types.h>
#include <mflixcache/version.h>

#endif /* MFLIXCACHE_H */
