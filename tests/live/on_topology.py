#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A live test program with another kind of Redis in the place of its one server: on_topology.py sentinel|cluster|tls PROGRAM. A test that takes that one
server away, or asks it about itself, ends there and is no skipped test: it runs in the program's own entry."""
import os
import sys

from in_memory import run_elsewhere

if __name__ == "__main__":
    sys.exit(run_elsewhere(sys.argv[2], {**os.environ, "MFLIX_TOPOLOGY": sys.argv[1]}, "about one server"))
