#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three tiers, one after the other taken away: demo.sh DIRECTORY-OF-THE-PROGRAMS. Starts a Redis of its own on a socket in a
# temporary folder, and ends it. Nothing outside that folder is touched.
set -eu
programs=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
redis=
finish() {
    status=$?
    trap - EXIT
    [ -z "$redis" ] || kill -9 "$redis" 2>/dev/null || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_redis() {
    redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --appendonly no --dir "$work" >"$work/redis.log" 2>&1 &
    redis=$!
    tries=0
    until redis-cli -s "$work/redis.sock" ping >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then
            cat "$work/redis.log"
            exit 1
        fi
        sleep 0.1
    done
}
title() { printf '\n== %s\n' "$*"; }
show() {
    program=$1
    shift
    echo "\$ $program $*"
    "$programs/$program" "$@"
}

unset MONGO_URL REDIS_HOST REDIS_PORT
cp "$here/../producer/readings.csv" "$work"
cd "$work"
MFLIXCACHE_CACHE_URI=unix://$work/redis.sock
MFLIXCACHE_STORE_URI=sqlite::memory:
MFLIXCACHE_SNAPSHOT_PATH=snapshot.json
MFLIXCACHE_READ_TIERS=redis,snapshot,store
export MFLIXCACHE_CACHE_URI MFLIXCACHE_STORE_URI MFLIXCACHE_SNAPSHOT_PATH MFLIXCACHE_READ_TIERS
db=readings.db

title "The producer: CSV, database, Redis, snapshot"
start_redis
show mflix-producer $db readings.csv

title "Redis is up"
show mflix-tiers $db device7 2026-01-31

title "Redis is killed: the file answers, and says that it is a file"
kill -9 "$redis"
wait "$redis" 2>/dev/null || true
redis=
rm -f redis.sock
show mflix-tiers $db device7 2026-01-31

title "The file is removed as well: the database answers"
rm snapshot.json
show mflix-tiers $db device7 2026-01-31

title "The database is gone, too: a clear error"
mv $db away.db
if show mflix-tiers $db device7 2026-01-31 2>error; then exit 1; fi
cat error

title "Redis and database are back: the first read fills, the second hits"
mv away.db $db
start_redis
show mflix-tiers $db device7 2026-01-31
show mflix-tiers $db device7 2026-01-31

title "A hundred requests at once for a day that nobody has asked for yet: one query"
show mflix-tiers --requests 100 $db freezer.2 2026-01-30

title "What it is worth in an hour, with the file before the database and after it"
show mflix-tiers --hour $db boiler-1 2026-01-31
MFLIXCACHE_READ_TIERS=redis,store,snapshot
show mflix-tiers --hour $db boiler-1 2026-01-30
