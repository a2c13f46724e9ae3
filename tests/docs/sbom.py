#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Is an SBOM what SPDX 2.3 asks for, and does it name what the library is linked with? sbom.py ROOT LIBRARY PROGRAM | sbom.py --check FILE

Owns the rules of the format that matter to a reader of ours; each is seen to fail on a document that breaks it.
"""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LICENCES = {"Apache-2.0", "BSD-3-Clause", "MIT", "Zlib", "curl", "blessing", "LGPL-2.1-or-later",
            "GPL-3.0-or-later WITH GCC-exception-3.1"}
ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")


def wrong(doc):
    """What the document has against itself."""
    for name, value in (("spdxVersion", "SPDX-2.3"), ("dataLicense", "CC0-1.0"), ("SPDXID", "SPDXRef-DOCUMENT")):
        if doc.get(name) != value:
            yield f"{name} is not {value}"
    if not doc.get("name"):
        yield "the document has no name"
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*:[^#\s]+", doc.get("documentNamespace", "")):
        yield "documentNamespace is not an absolute URI without a fragment"
    info = doc.get("creationInfo", {})
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", info.get("created", "")):
        yield "created is no time in UTC"
    if not info.get("creators") or not all(re.match(r"(Tool|Person|Organization): \S", c) for c in info["creators"]):
        yield "creators are not named as SPDX wants"
    known = {"SPDXRef-DOCUMENT"}
    for part in doc.get("packages", []) + doc.get("files", []):
        if not ID.fullmatch(part.get("SPDXID", "")) or part["SPDXID"] in known:
            yield f"{part.get('SPDXID')}: no identifier, or one that is there twice"
        known.add(part.get("SPDXID"))
        if part.get("licenseConcluded") not in LICENCES or not part.get("copyrightText"):
            yield f"{part.get('SPDXID')}: no licence, or no copyright text"
    for part in doc.get("packages", []):
        for name in ("name", "versionInfo", "downloadLocation", "licenseDeclared"):
            if not part.get(name):
                yield f"{part.get('SPDXID')}: no {name}"
        if part.get("filesAnalyzed") is not False:
            yield f"{part.get('SPDXID')}: says that its files were analysed"
        if not re.match(r"\d+\.\d+", part.get("versionInfo", "")):
            yield f"{part.get('SPDXID')}: {part.get('versionInfo')} is not a version"
    for part in doc.get("files", []):
        sums = {c["algorithm"]: c["checksumValue"] for c in part.get("checksums", [])}
        if not re.fullmatch(r"[0-9a-f]{40}", sums.get("SHA1", "")) or not part.get("fileName", "").startswith("./"):
            yield f"{part.get('SPDXID')}: a file has a name that begins with ./ and a SHA1"
    for relation in doc.get("relationships", []):
        for end in ("spdxElementId", "relatedSpdxElement"):
            if relation.get(end) not in known:
                yield f"a relationship with {relation.get(end)}, which is not there"
    if not any(r.get("relationshipType") == "DESCRIBES" for r in doc.get("relationships", [])):
        yield "nothing is described"


BREAKS = {
    "version": lambda d: d.update(spdxVersion="SPDX-9"),
    "namespace": lambda d: d.update(documentNamespace="here"),
    "time": lambda d: d["creationInfo"].update(created="yesterday"),
    "identifier twice": lambda d: d["packages"].append(copy.deepcopy(d["packages"][0])),
    "licence": lambda d: d["packages"][-1].update(licenseConcluded=""),
    "package version": lambda d: d["packages"][-1].update(versionInfo="new"),
    "relationship": lambda d: d["relationships"].append({"spdxElementId": "SPDXRef-X", "relatedSpdxElement": "SPDXRef-DOCUMENT"}),
    "checksum": lambda d: d["files"][0].update(checksums=[]),
    "nothing described": lambda d: d.update(relationships=[]),
}


def check(path):
    found = list(wrong(json.loads(pathlib.Path(path).read_text(encoding="utf-8"))))
    for text in found:
        print(f"sbom: {text}")
    return 1 if found else 0


def main():
    if sys.argv[1] == "--check":
        return check(sys.argv[2])
    root, library, program = sys.argv[1:4]
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        made, out = os.path.join(work, "made.tar.gz"), os.path.join(work, "sbom.json")
        pathlib.Path(made).write_bytes(b"an archive")
        tool = [sys.executable, os.path.join(root, "script/sbom"), out, "0.1.0", "--made", made, "--built"]
        subprocess.run([*tool, library, program], check=True)
        doc = json.loads(pathlib.Path(out).read_text(encoding="utf-8"))
        failed += check(out)
        first = pathlib.Path(out).read_bytes()
        subprocess.run([*tool, library, program], check=True)
        if pathlib.Path(out).read_bytes() != first:
            failed += 1
            print("sbom: the same files gave two documents")
        names = {p["name"] for p in doc["packages"]}
        if not {"libmflixcache", os.path.basename(program), "hiredis", "jansson", "glibc"} <= names:
            failed += 1
            print(f"sbom: not all are named: {sorted(names)}")
        for label, change in BREAKS.items():
            broken = copy.deepcopy(doc)
            change(broken)
            if not list(wrong(broken)):
                failed += 1
                print(f"sbom: {label}: was to be found wrong")
        # A library that nobody has put into the table.
        stray, user = os.path.join(work, "libstray.so.3"), os.path.join(work, "user")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-x", "c", "-o", stray, "-Wl,-soname,libstray.so.3", "-"],
                       input="int mc_s(void) { return 1; }", text=True, check=True)
        subprocess.run([os.environ.get("CC", "cc"), "-x", "c", "-o", user, "-", "-x", "none", stray],
                       input="int mc_s(void); int main(void) { return mc_s(); }", text=True, check=True)
        done = subprocess.run([*tool, user], capture_output=True, text=True, check=False)
        if done.returncode == 0 or "libstray.so.3" not in done.stderr:
            failed += 1
            print("sbom: a library that the table does not name was to be refused")
    print("sbom: " + ("wrong" if failed else f"{len(doc['packages'])} packages, well-formed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
