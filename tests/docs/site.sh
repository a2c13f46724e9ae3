#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The documentation site builds with all pages of docs/README.md, and a link, an anchor or a page that is not there is a fault. site.sh ROOT MKDOCS
set -eu
root=$(cd "$1" && pwd)
mkdocs=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$root/docs/site.py" "$root" "$work/out" "$mkdocs"
for page in index docs/index docs/start docs/guide/reads docs/errors CONTRIBUTING; do
    test -s "$work/out/site/$page.html" || { echo "site: no page $page.html"; exit 1; }
done
test -s "$work/out/site/search/search_index.json"
if grep -rlE '<(script|img|link)[^>]* (src|href)="https?://' --include='*.html' "$work/out/site"; then
    echo "site: these load something from elsewhere"
    exit 1
fi

wrong() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/docs/guide"
    echo '# All' >"$work/tree/README.md"
    printf '# Documents\n\n## Guides\n\n| [a](a.md) | a |\n' >"$work/tree/docs/README.md"
    printf '# A\n\n[top](#a) %s\n' "$1" >"$work/tree/docs/a.md"
    if [ -n "$2" ]; then echo '# B' >"$work/tree/docs/$2"; fi
    if python3 "$root/docs/site.py" "$work/tree" "$work/wrong" "$mkdocs" >"$work/log" 2>&1; then status=0; else status=1; fi
    if [ "$status" -ne "$3" ]; then
        cat "$work/log"
        echo "site: status $status of: $1 $2"
        exit 1
    fi
}
wrong '' '' 0
wrong '[lost](lost.md)' '' 1
wrong '[lost](README.md#nowhere)' '' 1
wrong '' guide/b.md 1
echo "site: built; three faults were refused"
