#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""notebook.py LIBRARY SOURCE: examples/notebook/caching.ipynb runs from top to bottom, and prints what is in the file but for numbers."""

import os
import re
import subprocess
import sys

LIBRARY, SOURCE = sys.argv[1:3]
NOTEBOOK = os.path.join(SOURCE, "examples/notebook/caching.ipynb")
python = os.path.join(SOURCE, ".venv/bin/python")
if os.path.exists(python) and os.environ.get("MFLIX_IN_VENV") is None:
    os.environ["MFLIX_IN_VENV"] = "1"
    os.execv(python, [python, *sys.argv])
try:
    import matplotlib  # noqa: F401
    import nbformat
    import pandas  # noqa: F401
    from nbclient import NotebookClient
except ImportError as why:
    print(f"skipped: {why}")
    sys.exit(1 if {"CI", "MFLIX_NO_SKIP"} & set(os.environ) else 77)


def said(cell):
    """What a cell has printed and shown as text, numbers and the blanks around them alike."""
    text = ""
    for output in cell.get("outputs", []):
        text += output.get("text", "") or output.get("data", {}).get("text/plain", "")
    return [re.sub(r"\s+", " ", re.sub(r"\d+(\.\d+)?(e-?\d+)?", "N", line)).strip() for line in text.splitlines()]


os.environ.update(MFLIXCACHE_LIBRARY=LIBRARY, PYTHONPATH=os.path.join(SOURCE, "bindings/python"), PYTHONDONTWRITEBYTECODE="1")
with open(NOTEBOOK, encoding="utf-8") as f:
    text = f.read()
wanted, notebook = nbformat.reads(text, as_version=4), nbformat.reads(text, as_version=4)
NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": os.path.dirname(NOTEBOOK)}}).execute()
failed = 0
for number, (want, got) in enumerate(zip(wanted.cells, notebook.cells)):
    if want.cell_type == "code" and said(want) != said(got) and "value_counts" not in want.source:
        failed += 1
        print(f"FAILED cell {number}\n{want.source}\n--- in the file\n{said(want)}\n--- now\n{said(got)}")
if "/" + "work" in text or os.path.expanduser("~") + "/" in text:
    failed += 1
    print("FAILED a path of some machine is in the file")
if not any("image/png" in o.get("data", {}) for c in wanted.cells for o in c.get("outputs", [])):
    failed += 1
    print("FAILED no picture is in the file")
# Without pandas the records are a list.
plain = ("import sys; sys.modules['pandas'] = None\nimport mflixcache\n"
         "with mflixcache.open(cache_uri='memory:', store_uri='sqlite::memory:') as mc:\n"
         "    mc.import_movies([{'_id': {'$oid': f'{i:024x}'}, 'title': f'Film {i}', 'imdb': {'rating': 5}} for i in range(1, 11)])\n"
         "    r = mflixcache.bench(mc, requests=200)\n"
         "assert isinstance(r, list) and len(r) == 200 and {x['outcome'] for x in r} == {'hit', 'miss'}, r[:3]\n"
         "assert sum(x['hot'] for x in r) > 120 and sum(x['store_calls'] > 0 for x in r) == sum(x['outcome'] == 'miss' for x in r) <= 10\n")
done = subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True, check=False)
if done.returncode != 0:
    failed += 1
    print("FAILED without pandas", done.stderr)
print(f"{len(wanted.cells) + 3 - failed} passed, {failed} failed, 0 skipped")
sys.exit(1 if failed else 0)
