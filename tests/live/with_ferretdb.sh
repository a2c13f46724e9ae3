#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a program with MONGO_URL naming a FerretDB of its own, which is ended afterwards: with_ferretdb.sh FERRETDB PROGRAM [ARGUMENT...]
set -eu
ferretdb=$1
shift
work=$(mktemp -d)
pid=
finish() {
    status=$?
    trap - EXIT
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$work/db"
"$ferretdb" --handler=sqlite --sqlite-url="file:$work/db/" --state-dir="$work" --listen-addr="127.0.0.1:$port" --telemetry=disable \
    --debug-addr=- >"$work/log" 2>&1 &
pid=$!
if ! python3 -c '
import socket, sys, time
end = time.monotonic() + 30
while True:
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        break
    except OSError:
        if time.monotonic() > end:
            sys.exit(1)
        time.sleep(0.05)' "$port"; then
    cat "$work/log"
    echo "FerretDB did not start"
    exit 1
fi
echo "server: FerretDB (SQLite), 127.0.0.1:$port"
MFLIX_SERVER=ferretdb MONGO_URL="mongodb://127.0.0.1:$port/mflixcache_test" "$@"
