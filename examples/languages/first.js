// SPDX-License-Identifier: Apache-2.0
// Node.js: npm install koffi; node first.js
const koffi = require('koffi');
const lib = koffi.load(process.env.MFLIXCACHE_LIBRARY || 'libmflixcache.so.1');
const open = lib.func('int mc_open(const void *options, _Out_ void **out, _Out_ void *err)');
const create = lib.func('int mc_create_movie(void *mc, const char *json, size_t size, void *out, void *info, _Out_ void *err)');
const get = lib.func('int mc_get_movie(void *mc, const char *id, _Out_ void **out, void *info, _Out_ void *err)');
const title = lib.func('const char *mc_movie_title(const void *movie)');
const unref = lib.func('void mc_movie_unref(const void *movie)');
const text = lib.func('const char *mc_status_text(int status)');
const close = lib.func('int mc_close(void *mc)');

const [mc, movie] = [[null], [null]];
const json = '{"_id":{"$oid":"573a1393f29313caabcdc810"},"title":"Casablanca","year":1942}';
let status = open(null, mc, null);
if (status === 0) status = create(mc[0], json, Buffer.byteLength(json), null, null, null);
get.async(mc[0], '573a1393f29313caabcdc810', movie, null, null, (error, found) => { // on a thread of libuv's pool: the loop goes on
  console.log(found === 0 ? title(movie[0]) : text(status < 0 ? status : found));
  unref(movie[0]);
  close(mc[0]);
});
