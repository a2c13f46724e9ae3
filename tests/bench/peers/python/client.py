# SPDX-License-Identifier: Apache-2.0
"""redis-py with hiredis beside the library: client.py HOST:PORT IDS. Asked on standard input "get THREADS MS", answers "OPS P50 P99 CPU"."""
import sys
import threading
import time

import redis


def slice_of(client, ids, threads, ms):
    """As many reads as go through in so many milliseconds."""
    times = [[] for _ in range(threads)]
    until = time.perf_counter() + ms / 1000

    def work(t):
        at = t * 997
        while (t0 := time.perf_counter()) < until:
            client.get("fields:" + ids[at * 7919 % len(ids)])
            times[t].append((time.perf_counter() - t0) * 1e6)
            at += 1

    cpu, start = time.process_time(), time.perf_counter()
    workers = [threading.Thread(target=work, args=(t,)) for t in range(threads)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    took, used = time.perf_counter() - start, (time.process_time() - cpu) * 1e6
    us = sorted(u for one in times for u in one)
    print(f"{len(us) / took:.1f} {us[len(us) // 2]:.2f} {us[len(us) * 99 // 100]:.2f} {used / len(us):.3f}", flush=True)


def main():
    host, port = sys.argv[1].split(":")
    with open(sys.argv[2], encoding="utf-8") as f:
        ids = f.read().split()
    client = redis.Redis(host=host, port=int(port), decode_responses=True)
    for line in sys.stdin:
        _, threads, ms = line.split()
        slice_of(client, ids, int(threads), int(ms))


main()
