#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""site.py ROOT OUT MKDOCS [REFERENCE]: the documents as a static site (Material for MkDocs) in the folder OUT/site, its links checked.

The tree's Markdown stays as it is, written for a reader of the tree. Here it is laid out for a browser: pages keep their places, so that links
between them hold; a file of the tree that a page leads to comes along as text; a folder has no page, and is named only. The index is docs/README.md:
what it does not name is a fault. REFERENCE: the folder of the functions in HTML, which becomes OUT/site/reference.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
SHOWN = {".png", ".svg"}
BESIDE = {"packaging/README.md", "examples/monitoring/README.md", "examples/load/README.md", "bindings/python/README.md"}


def heading(text, fallback):
    found = re.search(r"(?m)^# +(.*?) *$", text)
    return re.sub(r"[`\[\]]", "", found.group(1)) if found else fallback


class Site:
    def __init__(self, root, stage):
        self.root, self.stage, self.text = root, stage, {}
        for name in TOP + sorted(str(p.relative_to(root)) for p in (root / "docs").rglob("*.md")) + sorted(BESIDE):
            if (root / name).is_file():
                self.text[name] = (root / name).read_text(encoding="utf-8")

    def link(self, page, shown, target):
        """A link of the tree as one of the site."""
        where, mark, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not where:
            return f"[{shown}]({target})"
        file = os.path.normpath(os.path.join(os.path.dirname(page), where))
        if file in self.text:
            return f"[{shown}]({target})"
        path = self.root / file
        if path.is_dir():
            return shown
        if not path.is_file():
            return f"[{shown}]({target})"  # a fault, which the build says
        copy = file if path.suffix in SHOWN else file + ".txt"
        (self.stage / copy).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, self.stage / copy)
        up = os.path.relpath(copy, os.path.dirname(page) or ".")
        return f"[{shown}]({up}{mark}{anchor})"

    def lay_out(self):
        for name, text in self.text.items():
            pieces = re.split(r"(?ms)(^ *```.*?^ *```[^\n]*$)", text)  # code is left alone
            pieces[0::2] = [re.sub(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(<?([^)>\s]+)>?\)", lambda m, n=name: self.link(n, m[1], m[2]), p)
                            for p in pieces[0::2]]
            out = self.stage / name
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text("".join(pieces), encoding="utf-8")

    def index(self):
        """The navigation as docs/README.md has it; what is on no page of it is a fault."""
        nav, section, seen = [{"Home": "README.md"}, {"All documents": "docs/README.md"}], None, {"README.md", "docs/README.md"}
        for line in self.text["docs/README.md"].split("\n"):
            if line.startswith("## "):
                section = {line[3:].strip(): []}
                nav.append(section)
            elif line.startswith("|") and section:
                for target in re.findall(r"\]\(([^)#]+\.md)\)", line):
                    name = os.path.normpath(os.path.join("docs", target))
                    if name in self.text and name not in seen:
                        seen.add(name)
                        next(iter(section.values())).append({heading(self.text[name], name): name})
        missing = sorted(n for n in self.text if n not in seen)
        if missing:
            sys.exit("docs/README.md does not name " + ", ".join(missing))
        return [entry for entry in nav if not isinstance(next(iter(entry.values())), list) or next(iter(entry.values()))]


def config(site, nav, out):
    """mkdocs.yml; JSON is YAML."""
    slug = {"slugify": "SLUG"}
    text = json.dumps({
        "site_name": "libmflixcache", "site_description": "MongoDB documents through Redis", "docs_dir": str(site.stage), "site_dir": str(out), "nav": nav,
        "use_directory_urls": False,
        "theme": {"name": "material", "font": False, "features": ["navigation.sections", "navigation.top", "content.code.copy", "search.suggest"],
                  "palette": [{"media": "(prefers-color-scheme: light)", "scheme": "default", "primary": "teal"},
                              {"media": "(prefers-color-scheme: dark)", "scheme": "slate", "primary": "teal"}]},
        "plugins": ["search"],
        "markdown_extensions": ["tables", "fenced_code", "md_in_html", {"toc": {**slug, "permalink": True}}, {"pymdownx.highlight": {}}, "pymdownx.superfences"],
        "validation": {"nav": {"omitted_files": "warn", "not_found": "warn"},
                       "links": {"not_found": "warn", "anchors": "warn", "absolute_links": "warn", "unrecognized_links": "warn"}}}, indent=1)
    return text.replace('"SLUG"', "!!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}")


def main():
    root, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    stage, out = work / "pages", work / "site"
    for folder in (stage, out):
        shutil.rmtree(folder, ignore_errors=True)
    stage.mkdir(parents=True)
    site = Site(root, stage)
    site.lay_out()
    (work / "mkdocs.yml").write_text(config(site, site.index(), out), encoding="utf-8")
    # Not --quiet: what is not said is not counted by --strict.
    done = subprocess.run([sys.argv[3], "build", "--strict", "--config-file", str(work / "mkdocs.yml")], check=False, capture_output=True, text=True,
                          env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"})
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        sys.exit(done.returncode)
    if len(sys.argv) > 4:
        shutil.copytree(sys.argv[4], out / "reference")
    shutil.rmtree(stage)
    (work / "mkdocs.yml").unlink()
    print(out / "index.html")


main()
