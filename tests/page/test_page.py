#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page of mflix-server in a browser: test_page.py MFLIX MFLIX_SERVER SOURCE [TEST...]. Starts a Redis, loads documents,
starts the server, and does everything that the page offers. At the end it looks at what the browser asked of whom, and what it
complained about.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage  # noqa: E402

# Answers that the tests ask for: the browser's console names them, which is not a fault of the page.
WANTED = re.compile(
    r"/(movies|titles|theaters/near|values)[^ ]* - Failed to load resource: the server responded with a status of (400|404|422) "
)


def test_only_our_server(site, page):
    """Nothing was asked of anybody else, the page is not allowed to, and the browser had nothing to complain about."""
    page.watch()
    ours = [url for url in page.asked if url.startswith(site.origin + "/")]
    others = [url for url in page.asked if not url.startswith((site.origin + "/", "about:", "data:"))]
    assert others == [], others
    assert len(ours) > 500, "the browser's log of requests works"
    with stage.urllib.request.urlopen(site.origin + "/") as answer:
        policy, markup = answer.headers["Content-Security-Policy"], answer.read().decode()
    assert "default-src 'self'" in policy and "unsafe" not in policy, policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon[a-z]+=|https?://", markup), (
        "nothing inline, nothing from elsewhere"
    )
    complaints = [entry for entry in page.complaints if not WANTED.search(entry["message"])]
    assert complaints == [], complaints


def main():
    program, server, source = sys.argv[1:4]
    stage.with_selenium(source)
    import cases_access
    import cases_use

    tests = [test for cases in (cases_use, cases_access) for name, test in vars(cases).items() if name.startswith("test_")]
    chosen = sys.argv[4:]
    tests = [test for test in tests if not chosen or test.__name__ in chosen]
    if not chosen:
        tests.append(test_only_our_server)
    from harness import end_on_signals, run_all

    end_on_signals()
    site, page = stage.Site(program, server, source), None
    try:
        site.start_redis()
        site.documents()
        site.start_server()
        page = stage.Browser(site)

        def bound(test):
            def run(world):
                test(world, page)
                page.watch()

            run.__name__, run.__module__ = test.__name__, test.__module__
            return run

        failed, skipped, _ = run_all(site, [bound(test) for test in tests])
        return 1 if failed else 0
    except stage.Skip as why:
        print(f"skipped: {why}")
        return 77
    finally:
        if page is not None:
            page.close()
        site.close()


if __name__ == "__main__":
    sys.exit(main())
