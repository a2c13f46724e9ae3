# SPDX-License-Identifier: Apache-2.0
"""Everything that the page offers, done as a visitor does it and compared with what the server itself says."""

import glob
import math
import os
import re
import shlex
import subprocess
import tempfile
import urllib.parse
import urllib.request

from stage import wait


def opened(page, title):
    wait(f"the film {title!r}", lambda: page.text("#film-title") == title)
    page.settled()


def reads(site, which):
    return site.ask("GET", "/stats")[1]["reads"][which]["count"]


def first_of(site):
    return site.ask("GET", "/movies/top?n=1")[1]["movies"][0]


def test_first_sight(site, page):
    page.open()
    first = first_of(site)
    assert page.text("#film-title") == first["title"]
    assert page.driver.title.startswith(first["title"])
    assert page.count("#poster svg") == 1 and page.count("img") == 0
    movie = site.ask("GET", f"/movies/{first['id']}")[1]["movie"]
    shown = page.text("#film-people")
    for name in [*movie.get("directors", []), *movie.get("cast", [])]:
        assert name in shown, name
    assert page.texts("#film-genres li") == movie.get("genres", [])
    assert page.text("#state-text") == "cache and database are up"
    assert page.text("#trending") == "Nobody has opened a film yet. Open one, and it appears here."
    assert "faster" in page.text("#ratio-text") or "slower" in page.text("#ratio-text"), page.text("#ratio-text")


def test_search(site, page):
    page.open()
    film = site.ask("GET", "/movies/top?n=1&offset=25")[1]["movies"][0]
    page.fill("#query", film["id"].upper())
    page.click("#search button")
    opened(page, film["title"])
    assert page.js("return location.hash") == "#film/" + film["id"]
    other = site.ask("GET", "/movies/top?n=1&offset=31")[1]["movies"][0]
    page.fill("#query", other["title"])
    page.click("#search button")
    opened(page, other["title"])
    page.driver.back()
    opened(page, film["title"])
    page.fill("#query", "no film is called so")
    page.click("#search button")
    wait("words about it", lambda: "No film has exactly the title “no film is called so”" in page.text("#search-trouble"))
    assert page.text("#film-title") == film["title"], "what was there stays"
    page.fill("#query", other["title"])
    page.click("#search button")
    opened(page, other["title"])
    assert not page.text("#search-trouble"), "an answer takes the words about the last question away"
    page.driver.back()
    opened(page, film["title"])
    page.fill("#query", "0" * 24)
    page.click("#search button")
    wait("words about it", lambda: page.text("#search-trouble").startswith("There is no such thing here"))
    page.fill("#query", "   ")
    page.click("#search button")
    wait("words about it", lambda: page.text("#search-trouble") == "Type a title or an id first.")
    page.open("/#film/" + film["id"])
    assert page.text("#film-title") == film["title"], "an address leads to its film"


def test_late_answers(site, page):
    """What is said about a question never takes the place of what is said about the next."""
    page.open()
    page.js(
        "const ask = window.fetch; window.late = 0;"
        "window.fetch = (url, options) => String(url).includes('/titles?')"
        " ? new Promise((go) => setTimeout(go, 1500)).then(() => ask(url, options))"
        ".finally(() => setTimeout(() => { window.late += 1; }, 300)) : ask(url, options)"
    )
    page.fill("#query", "no film is called so")
    page.click("#search button")
    wait("words about it", lambda: page.text("#search-trouble").startswith("No film has exactly"))
    page.fill("#query", "0" * 24)
    page.click("#search button")
    wait("words about the next", lambda: page.text("#search-trouble").startswith("There is no such thing here"))
    wait("the late answer", lambda: page.js("return window.late"))
    assert page.text("#search-trouble").startswith("There is no such thing here")


def test_odd_documents(site, page):
    """What documents hold is shown as text, and what they lack is no trouble."""
    evil = '<img src=x onerror="window.hacked=1"><b id="evil">bold</b>'
    odd = {
        "title": evil,
        "plot": evil,
        "genres": [evil],
        "cast": [evil, 7],
        "directors": "nobody",
        "year": "1981è",
        "runtime": {"$numberInt": "9"},
        "released": {"$date": {"$numberLong": "-1084147200000"}},
        "imdb": {"rating": "", "votes": ""},
        "awards": {"text": evil},
    }
    id = site.ask("POST", "/movies", odd)[1]["movie"]["_id"]["$oid"]
    page.open("/#film/" + id)
    assert page.text("#film-title") == evil
    assert page.text("#film-plot") == evil
    assert page.text("#film-facts") == "1981è · 9 min · released Aug 25, 1935", page.text("#film-facts")
    assert "not rated yet" in page.text("#film-people")
    page.click("#top button")  # it is on the other list as well now
    page.fill("#query", evil)
    page.click("#search button")
    opened(page, evil)
    wait("its view", lambda: any(evil in row for row in page.texts("#trending .title")))
    assert page.js("return window.hacked === undefined && document.getElementById('evil') === null")
    bare = site.ask("POST", "/movies", {})[1]["movie"]["_id"]["$oid"]
    page.open("/#film/" + bare)
    assert page.text("#film-title") == "Without a title"
    assert page.text("#film-plot") == "Nobody has written down what happens in it."
    for made in (id, bare):
        assert site.ask("DELETE", f"/movies/{made}")[0] == 204


def test_side_by_side(site, page):
    page.open()
    told = {kind: float(page.text(f"#ratio-{kind}").rstrip("×")) for kind in ("film", "top", "near")}
    first = page.js("return document.querySelector('#kinds input:checked').value")
    assert told[first] == max(told.values()), f"it begins with what shows most: {first} of {told}"
    page.click("#kinds label:nth-of-type(1)")
    before = reads(site, "cached"), reads(site, "uncached")
    page.js("document.getElementById('race-count').value = '50'")
    page.click("#race-go")
    wait("fifty reads each", lambda: "medians of 50 reads each" in page.text("#ratio-text"))
    page.settled()
    assert reads(site, "uncached") - before[1] == 50, "so many reads went to the database"
    assert reads(site, "cached") - before[0] == 50
    bars = page.texts("#race-server .bar-time")
    assert len(bars) == 2 and all(time.endswith(" ms") for time in bars), bars
    notes = page.texts("#race-server .bar-note")
    assert notes == ["1 database call, 0 Redis exchanges", "0 database calls, 1 Redis exchange"], notes
    database, cache = (float(time.split()[0]) for time in bars)
    ratio = float(page.text("#ratio").rstrip("×"))
    told = database / cache if "faster" in page.text("#ratio-text") else cache / database
    assert abs(ratio - told) < 0.06 * told + 0.06, f"{ratio} is told, {database} against {cache} is shown"
    assert page.count("#strip .read.off") >= 25 and page.count("#strip .read.hit") >= 25
    if "slower" in page.text("#ratio-text"):
        assert page.text("#race-why").startswith("Not faster here"), "nothing is slower without a word on why"
    told = page.text("#ratio")
    for kind, place in (("top", 2), ("near", 3)):
        page.click(f"#kinds label:nth-of-type({place})")
        assert page.text("#ratio") == page.text(f"#ratio-{kind}") or "slower" in page.text("#ratio-text")
        assert "medians of 5 reads each" in page.text("#ratio-text")
    page.click("#kinds label:nth-of-type(1)")
    assert page.text("#ratio") == told
    page.js("document.getElementById('race-count').value = '200'")
    page.click("#race-go")
    page.click("#race-go")  # now it is a stop
    wait("the stop", lambda: page.text("#race-go") == "Measure")


def test_far_database(site, page):
    """As if it were elsewhere: waited for, shown in the figures, and said."""
    page.open()
    page.click("#kinds label:nth-of-type(1)")
    page.js("const s = document.getElementById('away'); s.value = '42'; s.dispatchEvent(new Event('change', {bubbles: true}))")
    assert page.text("#away-note").startswith("Simulated: this page waits 42 ms longer")
    wait("the measurement", lambda: "medians of 5 reads each" in page.text("#ratio-text"))
    page.settled()
    database, cache = (float(time.split()[0]) for time in page.texts("#race-server .bar-time"))
    assert database >= 42 > cache, (database, cache)
    assert "faster" in page.text("#ratio-text") and page.text("#race-why") == "", page.text("#race-why")
    wait("the list", lambda: float(page.texts("#top-bars .bar-time")[0].split()[0]) >= 42)
    page.js("const s = document.getElementById('away'); s.value = '0'; s.dispatchEvent(new Event('change', {bubbles: true}))")
    assert page.text("#away-note") == ""
    page.settled()


def test_nearest_titles(site, page):
    """A wrong title offers those that are nearly so: case, accents and a letter do not count."""
    page.open()
    made = site.ask("POST", "/movies", {"title": "Le fabuleux destin d'Amélie Poulain"})[1]["movie"]["_id"]["$oid"]
    film = site.ask("GET", "/movies/top?n=1&offset=12")[1]["movies"][0]
    odd = film["title"].upper().replace(" ", "  ", 1)[:-1]
    assert film["title"] in site.ask("GET", "/titles?near=" + urllib.parse.quote(odd))[1]["titles"]
    page.fill("#query", odd)
    page.click("#search button")
    wait("the offer", lambda: film["title"] in page.texts("#search-near button"))
    assert "Did you mean one of these?" in page.text("#search-trouble")
    place = page.texts("#search-near button").index(film["title"]) + 1
    page.click(f"#search-near li:nth-child({place}) button")
    opened(page, film["title"])
    assert not page.text("#search-trouble") and page.js("return document.getElementById('search-near').hidden")
    page.fill("#query", "qqqqqqqqqqqqqqqqqqqqqqqqqqqq")
    page.click("#search button")
    wait("no offer", lambda: "Nothing is called nearly so" in page.text("#search-trouble"))
    assert site.ask("GET", "/titles?near=%20!")[1]["titles"] == []
    assert site.ask("GET", "/titles")[0] == 400 and site.ask("GET", "/titles?near=x&n=21")[0] == 400
    assert site.ask("DELETE", f"/movies/{made}")[0] == 204


def test_code_of_each_card(site, page):
    """The lines under each card: C that compiles, Python that names what there is, requests that are answered."""
    page.open()
    page.js("document.querySelectorAll('details.code').forEach(d => { d.open = true; })")
    blocks = page.texts(".code dd")
    assert len(blocks) == 3 * 9 and page.texts(".code dt") == ["C", "Python", "curl"] * 9, blocks
    include = site.source + "/include"
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(folder + "/mflixcache")
        with open(include + "/mflixcache/version.h.in", encoding="utf-8") as f:
            version = re.sub(r"@PROJECT_VERSION\w*@", "0", f.read())
        with open(folder + "/mflixcache/version.h", "w", encoding="utf-8") as f:
            f.write(version)
        body = "\n".join("{" + text + "}" for text in blocks[0::3])
        program = ("#include <mflixcache/mflixcache.h>\n#include <stdio.h>\n#include <string.h>\nvoid f(mc_client *mc);\nvoid f(mc_client *mc) {\n"
                   "const mc_movie *movie; mc_client *past; mc_list *rows; mc_info info; mc_error err; char *text = \"x\", *value; size_t size;\n"
                   + body + "}\n")
        done = subprocess.run(["cc", "-std=c11", "-fsyntax-only", "-Werror=implicit-function-declaration", "-Werror=incompatible-pointer-types",
                               "-I", folder, "-I", include, "-x", "c", "-"], input=program, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    package = "".join(open(f, encoding="utf-8").read() for f in glob.glob(site.source + "/bindings/python/mflixcache/*.py"))
    for text in blocks[1::3]:
        compile(text, "page", "exec")
        for name in re.findall(r"\b(?:mc|client|row|movie|stats)\.(\w+)", text):
            assert re.search(rf"\b{name}\b", package), name
    for line in (line for text in blocks[2::3] for line in text.split("\n")):
        words = shlex.split(line)
        assert words[0] == "curl" and words[-1].startswith(site.origin + "/"), line
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        data = words[words.index("-d") + 1].encode() if "-d" in words else None
        request = urllib.request.Request(words[-1], data=data, method=method, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status in (200, 204), line
    told = page.texts(".code dd")[2]
    page.click("#top li:nth-child(4) button")
    wait("another film", lambda: page.texts(".code dd")[2] != told)
    assert page.count("a[data-docs][href], a[data-source][href]") == 0, "nobody has said where they are"


def test_lists(site, page):
    page.open()
    top = site.ask("GET", "/movies/top?n=20")[1]["movies"]
    assert page.texts("#top .title") == [film["title"] for film in top[:10]]
    page.click("#top-after")
    wait("the next ten", lambda: page.texts("#top .title") == [film["title"] for film in top[10:20]])
    assert page.text("#top-range") == "11 to 20" and page.texts("#top .rank")[0] == "11"
    page.click("#top-before")
    wait("the first ten", lambda: page.texts("#top .title") == [film["title"] for film in top[:10]])
    assert page.js("return document.getElementById('top-before').disabled")
    views = {film["id"]: film["views"] for film in site.ask("GET", "/movies/trending?n=10")[1]["movies"]}
    film = top[4]
    page.click("#top li:nth-child(5) button")
    opened(page, film["title"])
    assert page.focused() == "film-title"
    now = wait(
        "the view",
        lambda: {f["id"]: f["views"] for f in site.ask("GET", "/movies/trending?n=10")[1]["movies"]}.get(film["id"]),
    )
    assert now == views.get(film["id"], 0) + 1, "one click, one view"
    wait("the list of views", lambda: film["title"] in page.texts("#trending .title"))
    assert page.count("#titles option") >= 20, "the titles are offered by the search field"


def test_rating(site, page):
    page.open("/#film/" + first_of(site)["id"])
    page.click("#top li:nth-child(8) button")
    wait("another film", lambda: page.text("#film-title") == page.texts("#top .title")[7])
    page.settled()
    id = page.js("return location.hash").split("/")[1]
    old = site.ask("GET", f"/movies/{id}")[1]["movie"]["imdb"]["rating"]
    page.fill("#rating", "9.9")
    assert page.js("return document.getElementById('rating-slide').value") == "9.9"
    page.click("#rate button")
    wait("three steps", lambda: page.count("#rate-steps li") == 3)
    steps = page.texts("#rate-steps li")
    assert page.count("#rate-steps li.done") == 3, steps
    assert steps[0].startswith("Written to the database and the cache in "), steps
    assert steps[1].startswith("Read again from the cache in ") and steps[1].endswith(": 9.9."), steps
    assert "place " in steps[2] and steps[2].endswith("with 9.9."), steps
    assert page.text("#film-rating") == "9.9"
    assert page.count("#top .marked") == 1 and page.text("#top .marked .score").startswith("9.9")
    answer = site.ask("GET", f"/movies/{id}")[1]
    assert answer["movie"]["imdb"]["rating"] == 9.9 and answer["answer"]["cache"] == "hit"
    assert site.ask("GET", f"/movies/{id}?cache=off")[1]["movie"]["imdb"]["rating"] == 9.9
    for wrong, words in (("11", "rating must be a number from 0 to 10"), ("", "")):
        page.fill("#rating", wrong)
        page.click("#rate button")
        wait(
            "the refusal",
            lambda words=words: (
                page.text("#rate-trouble").startswith("The server did not accept this")
                and words in page.text("#rate-trouble")
            ),
        )
        assert page.count("#rate-steps li") == 0
    assert site.ask("PUT", f"/movies/{id}/rating", {"rating": old})[0] == 200


def test_forgetting(site, page):
    page.open()
    for button, words in (("#forget-film", "This film is forgotten."), ("#forget-all", "Everything is forgotten.")):
        page.js("document.getElementById('forget-note').textContent = ''")
        page.click(button)
        wait(words, lambda words=words: page.text("#forget-note").startswith(words))
        assert "The first read took " in page.text("#forget-note"), page.text("#forget-note")
        assert page.count("#forget-bars .bar.miss") == 1 and page.count("#forget-bars .bar.hit") == 1
        assert page.texts("#forget-bars .bar-note") == ["1 database call", "0 database calls"]
        assert page.count("#strip .read.miss") >= 1
        page.settled()
    assert site.ask("GET", "/stats")[1]["counters"]["epoch_bumps"] >= 1


def test_values(site, page):
    """Any value by key: written, read, removed; what is wrong is said, and that goes away with success."""
    page.open()
    page.fill("#value-key", "page:test")
    page.fill("#value-text", '{"a": [1, 2]}')
    page.click("#value button.primary")
    wait("it is written", lambda: page.text("#value-note").startswith("Written in "))
    assert site.ask("GET", "/values/page:test")[1]["value"] == {"a": [1, 2]}
    page.fill("#value-text", "plain text")
    page.click("#value-read")
    wait("it is read", lambda: page.text("#value-note").startswith("Answered by redis in "))
    assert page.js("return document.getElementById('value-text').value") == '{"a":[1,2]}'
    page.click("#value-remove")
    wait("it is removed", lambda: page.text("#value-note").startswith("Removed in "))
    page.click("#value-read")
    wait("there is none", lambda: page.text("#value-trouble") != "")
    page.fill("#value-text", "plain text")
    page.click("#value button.primary")
    wait("it is written again", lambda: page.text("#value-note").startswith("Written in "))
    assert page.text("#value-trouble") == ""
    assert site.ask("GET", "/values/page:test")[1]["value"] == "plain text"


def pins(page):
    """Place -> (x, y) on the drawing."""
    found = {}
    for places, move in page.js(
        "return [...document.querySelectorAll('#map .pin')].map(n => [n.dataset.places, n.getAttribute('transform')])"
    ):
        x, y = (float(v) for v in move[len("translate(") : -1].split())
        found.update({int(place): (x, y) for place in places.split()})
    return found


def on_the_sphere(lon1, lat1, lon2, lat2):
    """Distance in metres and bearing from north, by the formulas of any textbook."""
    a, b, d = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(d / 2) ** 2
    return 2 * 6372797.560856 * math.asin(math.sqrt(h)), math.atan2(
        math.sin(d) * math.cos(b), math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(d)
    )


def test_theaters(site, page):
    page.open()
    for city in range(1, page.count("#cities label") + 1):
        page.click(f"#cities label:nth-of-type({city})")
        wait("the search", lambda: not page.count("[aria-busy=true]"))
        lon, lat = (float(page.js(f"return document.getElementById('{name}').value")) for name in ("lon", "lat"))
        query = urllib.parse.urlencode({"lon": lon, "lat": lat, "radius": 50000, "n": 12})
        theaters = site.ask("GET", f"/theaters/near?{query}")[1]["theaters"]
        wait("its theaters", lambda theaters=theaters: page.count("#near-list .entry") == len(theaters))
        drawn = pins(page)
        assert sorted(drawn) == list(range(1, len(theaters) + 1))
        scale = None
        for place, theater in enumerate(theaters, 1):
            distance, bearing = on_the_sphere(lon, lat, theater["lon"], theater["lat"])
            assert abs(distance - theater["distance_m"]) < 2 + distance / 1000, (distance, theater)
            x, y = drawn[place]
            length = math.hypot(x, y)
            scale = scale or length / distance
            assert abs(length - distance * scale) < 0.6, f"{place}: distance drawn true"
            # Several at one point are drawn as one: their directions differ by less than what can be seen.
            assert math.hypot(x - length * math.sin(bearing), y + length * math.cos(bearing)) < 0.6, (
                f"{place}: direction drawn true"
            )
    for css, text in (("#lon", "-30"), ("#lat", "40"), ("#radius", "10")):
        page.fill(css, text)
    page.click("#near button")
    wait("the middle of the sea", lambda: page.text("#near-list").startswith("No theater within 10 km."))
    assert page.count("#cities input:checked") == 0
    page.fill("#lat", "95")
    page.click("#near button")
    wait("the refusal", lambda: "lat must be a number from -85" in page.text("#near-trouble"))
    page.fill("#lat", "")
    page.click("#near button")
    wait("words", lambda: page.text("#near-trouble").startswith("Longitude, latitude and distance are numbers"))
    page.click("#cities label:nth-of-type(1)")
    wait("the city again", lambda: page.count("#near-list .entry") and not page.text("#near-trouble"))
    page.js("document.querySelector('#near-list li:nth-child(2) button').focus()")
    assert page.count('#map .chosen[data-places*=" 2 "]') == 1, "the pin of the row that has the focus stands out"


def polls(page):
    return page.js("return performance.getEntriesByType('resource').filter(e => e.name.endsWith('/stats')).length")


def test_live(site, page):
    page.open()
    before = reads(site, "cached"), reads(site, "uncached")
    page.click("#traffic")
    wait("reads of both kinds", lambda: reads(site, "cached") > before[0] + 20 and reads(site, "uncached") > before[1] + 5)
    assert page.js("return document.getElementById('traffic').getAttribute('aria-pressed')") == "true"
    wait(
        "lines",
        lambda: all(
            page.count(f"#{chart} .line")
            and page.js(f"return document.querySelector('#{chart} .line').getAttribute('d').includes('L')")
            for chart in ("hits-chart", "rate-chart", "time-chart")
        ),
    )
    wait("a ratio", lambda: page.text("#hits-now").endswith("%"))
    wait("requests", lambda: int(page.text("#rate-now").replace(",", "")) > 5)
    rows = page.texts("#time-rows tr")
    assert len(rows) == 2 and all(row.count("ms") == 3 for row in rows), rows
    page.click("#traffic")
    hidden = """const hidden = arguments[0];
        Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
        document.dispatchEvent(new Event('visibilitychange'))"""
    page.js(hidden, True)
    page.js("performance.clearResourceTimings()")
    # Two of its periods: the poll that was under way may still end, a further one would show.
    page.driver.execute_async_script("setTimeout(arguments[0], 2600)")
    assert polls(page) <= 1, "nobody looks, nothing is asked"
    page.js(hidden, False)
    page.js("performance.clearResourceTimings()")
    wait("polls again", lambda: polls(page) >= 2)
    page.driver.execute_async_script("setTimeout(arguments[0], 3000)")
    assert polls(page) <= 8, "one chain of polls, not two"
