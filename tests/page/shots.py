#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures of the page for docs/images, from made-up documents only; run by script/screenshots:
shots.py MFLIX MFLIX_SERVER SOURCE FOLDER
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage  # noqa: E402
from stage import wait  # noqa: E402

WIDE = 1280
AIR = 12


def box(page, first, last):
    """The stretch of the page from one element to another, with a little air."""
    top = max(
        0,
        page.js(
            "return document.querySelector(arguments[0]).closest('.card, section').getBoundingClientRect().top + scrollY",
            first,
        )
        - AIR,
    )
    return top, page.js(
        "return document.querySelector(arguments[0]).getBoundingClientRect().bottom + scrollY", last
    ) + AIR - top


def stretch(page, path, first, last):
    page.js("document.activeElement.blur(); scrollTo({top: 0, behavior: 'instant'})")
    # A sticky bar would lie across what is taken.
    page.js("document.querySelector('.top').style.position = 'static'")
    top, height = box(page, first, last)
    page.picture(path, top, height, page.js("return document.documentElement.clientWidth"))
    page.js("document.querySelector('.top').style.position = ''")


def measured(page, rounds):
    page.js("document.getElementById('race-count').value = arguments[0]", str(rounds))
    page.click("#race-go")
    wait(
        "the measurement",
        lambda: f"medians of {rounds} reads" in page.text("#ratio-text") and page.text("#race-go") == "Measure",
    )


def first_sight(site, page, folder):
    for scheme, name in (("light", "page.png"), ("dark", "page-dark.png")):
        page.media(scheme)
        page.open()
        page.click("#top li:nth-child(3) button")
        page.settled()
        measured(page, 50)
        page.click("#forget-film")
        wait("its bars", lambda: page.count("#forget-bars .bar") == 2)
        measured(page, 10)
        # What is dear for the database shows best; the other ratios are beside it.
        page.click("#kinds label:nth-of-type(3)")
        measured(page, 50)
        page.js("document.activeElement.blur(); scrollTo({top: 0, behavior: 'instant'})")
        page.driver.execute_async_script("setTimeout(arguments[0], 1000)")  # the bars grow for a moment
        page.picture(
            os.path.join(folder, name), 0, box(page, "#film", "#film .race")[1] + box(page, "#film", "#film")[0], WIDE
        )


def the_rest(site, page, folder):
    page.media("light", "reduce")
    page.open("/#film/" + site.ask("GET", "/movies/top?n=1&offset=2")[1]["movies"][0]["id"])
    for place in (2, 6, 6, 4, 2, 2):
        page.click(f"#top li:nth-child({place}) button")
        page.settled()
    page.click("#forget-film")
    wait("the bars", lambda: page.count("#forget-bars .bar") == 2)
    page.fill("#rating", "9.8")
    page.click("#rate button")
    wait("the steps", lambda: page.count("#rate-steps li") == 3)
    stretch(page, os.path.join(folder, "page-write.png"), "#rate-title", "#boards")
    page.click("#cities label:nth-of-type(2)")
    wait("its theaters", lambda: not page.count("[aria-busy=true]"))
    stretch(page, os.path.join(folder, "page-theaters.png"), "#theaters-title", "#theaters")


def live(site, page, folder):
    page.media("dark")
    page.open()
    page.click("#traffic")
    for button in ("#forget-all", "#forget-film"):
        page.driver.execute_async_script("setTimeout(arguments[0], 14000)")
        page.click(button)
    page.driver.execute_async_script("setTimeout(arguments[0], 30000)")
    stretch(page, os.path.join(folder, "page-live.png"), "#live", "#live")
    page.click("#traffic")


def phone(site, page, folder):
    page.media("light")
    page.size(360, 740, 1.5)
    page.open("/#film/" + site.ask("GET", "/movies/top?n=1&offset=5")[1]["movies"][0]["id"])
    page.js("scrollTo({top: 0, behavior: 'instant'})")
    page.picture(os.path.join(folder, "page-phone.png"))


def main():
    program, server, source, folder = sys.argv[1:5]
    stage.with_selenium(source)
    site, page = stage.Site(program, server, source), None
    try:
        site.start_redis()
        site.documents(made_up=True)
        site.start_server()
        page = stage.Browser(site)
        page.size(WIDE, 900)
        os.makedirs(folder, exist_ok=True)
        for take in (first_sight, the_rest, live, phone):
            take(site, page, folder)
            print(f"{take.__name__}: done", flush=True)
    except stage.Skip as why:
        print(f"cannot take pictures: {why}")
        return 1
    finally:
        if page is not None:
            page.close()
        site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
