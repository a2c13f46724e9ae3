#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds what the benchmark's --peers needs, each where its tools are found: build.sh FOLDER. What cannot be had is said and left out.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
say() { printf 'peers: %s\n' "$*" >&2; }
if ! command -v go >/dev/null 2>&1; then
    say "no go: without rueidis, go-redis and the service in Go"
elif ! (cd go && go build -o "$out/go-peers" .) >"$out/go.log" 2>&1; then
    say "go could not build its part: $(tail -n 1 "$out/go.log")"
fi
if ! command -v cargo >/dev/null 2>&1; then
    say "no cargo: without redis-rs"
else # the lock is made by cargo, and not kept in the tree
    mkdir -p "$out/rust/src"
    cp rust/Cargo.toml "$out/rust/"
    cp rust/src/main.rs "$out/rust/src/"
    if (cd "$out/rust" && cargo build --release --quiet) >"$out/rust.log" 2>&1; then
        cp "$out/rust/target/release/peers" "$out/rust-peers"
    else
        say "cargo could not build its part: $(tail -n 1 "$out/rust.log")"
    fi
fi
python=python3
if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; fi
if ! command -v "$python" >/dev/null 2>&1; then
    say "no python3: without redis-py and the service of FastAPI"
elif ! { [ -x "$out/venv/bin/uvicorn" ] || { "$python" -m venv "$out/venv" && "$out/venv/bin/pip" install --quiet \
    --disable-pip-version-check --only-binary :all: -r python/requirements.txt; }; } >"$out/python.log" 2>&1; then
    say "python could not install its part: $(tail -n 1 "$out/python.log")"
fi
