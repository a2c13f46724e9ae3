# SPDX-License-Identifier: Apache-2.0
"""For everybody: by keyboard alone, on a narrow screen, light and dark, without motion, read aloud; and with servers away."""

from cases_use import opened
from stage import wait

STOPS = """
const shown = n => n.checkVisibility() && !n.disabled && n.tabIndex >= 0;
return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')].filter(shown)
  .filter(n => n.type !== 'radio' || n.checked || !document.querySelector(`input[name="${n.name}"]:checked`))
  .filter(n => !n.closest('details:not([open])') || n.tagName === 'SUMMARY')"""

# Ratio of the contrast between each visible text and the first painted background behind it, below what WCAG AA asks for.
CONTRAST = """
const numbers = c => { const k = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  k.fillStyle = c; k.fillRect(0, 0, 1, 1); return [...k.getImageData(0, 0, 1, 1).data]; };
const light = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] / 255 + under[i] * (1 - top[3] / 255));
const behind = n => {
  for (; n; n = n.parentElement) { const c = numbers(getComputedStyle(n).backgroundColor); if (c[3] > 200) return c; }
  return [255, 255, 255, 255]; };
const bad = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const n = walk.currentNode.parentElement;
  const words = walk.currentNode.textContent.trim();
  if (!words || !n.checkVisibility({opacityProperty: true}) || n.closest('.poster, .hidden, svg, option, :disabled')) continue;
  const style = getComputedStyle(n), ground = behind(n), ink = over(numbers(style.color), ground);
  const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} ${n.className || n.tagName}: ${words.slice(0, 30)}`);
}
return bad"""

# Elements that reach beyond the right edge; what scrolls by itself may.
WIDE = """
return [...document.body.querySelectorAll('*')]
  .filter(n => n.getBoundingClientRect().right > innerWidth + 1 && !n.closest('.hidden, pre, svg, datalist'))
  .map(n => `${n.tagName}.${n.className}#${n.id} ${n.getBoundingClientRect().right}`)"""

RING = """
const n = document.activeElement, boxes = [n, n.nextElementSibling].filter(Boolean).map(b => getComputedStyle(b));
return boxes.some(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)"""


def test_keyboard_alone(site, page):
    from selenium.webdriver.common.keys import Keys

    page.open()
    film, other = (
        site.ask("GET", "/movies/top?n=1&offset=3")[1]["movies"][0],
        site.ask("GET", "/movies/top?n=1&offset=12")[1]["movies"][0],
    )
    page.keys(Keys.TAB)
    assert page.focused() == "Skip to the film"
    assert page.js("return document.activeElement.getBoundingClientRect().top >= 0"), (
        "the skip link shows when it has the focus"
    )
    page.keys(Keys.ENTER)
    wait("the main part", lambda: page.focused() == "main")
    page.keys(Keys.TAB)
    assert page.focused() == "query"
    page.keys(other["title"], Keys.ENTER)
    opened(page, other["title"])
    wait("the film's title to have the focus", lambda: page.focused() == "film-title")
    # From there on by Tab to a row of the list, and open it.
    for _ in range(40):
        page.keys(Keys.TAB)
        if page.js("return document.activeElement.closest('#top li:nth-child(4)') !== null"):
            break
    else:
        raise AssertionError("the list cannot be reached")
    page.keys(Keys.ENTER)
    opened(page, film["title"])
    assert page.focused() == "film-title"
    page.js("document.getElementById('rating').focus()")
    page.keys(Keys.ARROW_DOWN, Keys.ENTER)
    wait("the rating", lambda: page.count("#rate-steps li") == 3)
    page.js("document.querySelector('#cities input:checked').focus()")
    page.keys(Keys.ARROW_RIGHT)
    wait(
        "the next city",
        lambda: (
            page.js("return document.querySelectorAll('#cities input')[1].checked") and not page.count("[aria-busy=true]")
        ),
    )
    page.js("document.querySelector('#theme input:checked').focus()")
    page.keys(Keys.ARROW_LEFT)
    assert page.js("return document.documentElement.dataset.theme") == "dark"
    page.keys(Keys.ARROW_RIGHT)
    assert page.js("return document.documentElement.dataset.theme === undefined")
    assert site.ask("PUT", f"/movies/{film['id']}/rating", {"rating": film["rating"]})[0] == 200


def test_focus_order(site, page):
    """Tab reaches everything that can be used, in reading order, and shows where it is."""
    from selenium.webdriver.common.keys import Keys

    page.open()
    page.js("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    stops = page.js(STOPS)
    for i, stop in enumerate(stops):
        page.keys(Keys.TAB)
        now = page.driver.switch_to.active_element
        label = page.js("const n = arguments[0]; return n.id || n.textContent.trim().slice(0, 40)", stop)
        assert now == stop, f"stop {i} is {page.focused()!r}, not {label!r}"
        assert page.js(RING), f"{label!r} does not show that it has the focus"


def test_names(site, page):
    """Everything that can be used has a name for those who hear the page; results are announced."""
    page.open()
    nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = 0
    for node in nodes:
        role = node.get("role", {}).get("value")
        if not node.get("ignored") and role in (
            "button",
            "textbox",
            "searchbox",
            "spinbutton",
            "slider",
            "radio",
            "combobox",
            "link",
            "image",
            "img",
        ):
            used += 1
            assert node.get("name", {}).get("value", "").strip(), node
    assert used > 40, used
    headings = page.js("return [...document.querySelectorAll('h1, h2, h3')].map(n => Number(n.tagName[1]))")
    assert headings[0] == 1 and headings.count(1) == 1 and all(b <= a + 1 for a, b in zip(headings, headings[1:])), headings
    assert page.js("return document.documentElement.lang") == "en"
    page.click("#forget-film")
    wait("the announcement", lambda: "This film is forgotten." in page.text("#said"))
    assert page.js(
        "const s = document.getElementById('said'); return s.getAttribute('aria-live') === 'polite' && s.checkVisibility()"
    )


def test_narrow(site, page):
    for width in (360, 320):
        page.size(width, 740)
        page.open()
        page.fill("#query", "a title that is very long and does not exist anywhere " * 3)
        page.click("#search button")
        wait("words", lambda: page.text("#search-trouble"))
        page.click("#forget-film")
        wait("bars", lambda: page.count("#forget-bars .bar") == 2)
        page.js("document.querySelector('details').open = true")
        wide = page.js("return document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} at {width}: {page.js(WIDE)}"
        assert page.js(WIDE) == []
        small = page.js(
            "return [...document.querySelectorAll('button, select, .search input')].filter(n => n.offsetHeight < 44)"
            ".map(n => n.id || n.textContent)"
        )
        assert small == [], f"too small for a finger: {small}"
    page.size(1280, 900)


def test_light_and_dark(site, page):
    grounds = {}
    for scheme in ("light", "dark"):
        page.media(scheme)
        page.open()
        page.fill("#query", "no film is called so")
        page.click("#search button")
        wait("words", lambda: page.text("#search-trouble"))
        page.click("#forget-film")
        wait("bars", lambda: page.count("#forget-bars .bar") == 2)
        page.js("document.querySelector('details').open = true")
        grounds[scheme] = page.js("return getComputedStyle(document.body).backgroundColor")
        assert page.js(CONTRAST) == [], scheme
    assert grounds["light"] != grounds["dark"]
    page.media("light")
    page.open()
    page.click("#theme label:nth-of-type(3)")
    assert page.js("return getComputedStyle(document.body).backgroundColor") == grounds["dark"]
    page.open()
    assert page.js("return getComputedStyle(document.body).backgroundColor") == grounds["dark"], "the choice is kept"
    assert page.js("return document.querySelector('#theme input:checked').value") == "dark"
    page.click("#theme label:nth-of-type(1)")
    assert page.js("return getComputedStyle(document.body).backgroundColor") == grounds["light"]


def test_without_motion(site, page):
    moving = """return [...document.querySelectorAll('*')].map(n => getComputedStyle(n))
        .filter(s => s.animationName !== 'none' || s.transitionDuration !== '0s').length"""
    page.open()
    assert page.js(moving) > 0
    page.media(motion="reduce")
    assert page.js(moving) == 0
    assert page.js("return getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    page.media()


def test_servers_away(site, page):
    page.open()
    port = int(site.origin.rsplit(":", 1)[1])
    site.stop_redis()
    wait("the state", lambda: page.text("#state-text") == "the cache is away: the database answers")
    page.click("#race-go")
    wait("reads from the database", lambda: "the cache is away" in page.text("#ratio-text"))
    page.click("#forget-film")
    wait("the refusal or the reads", lambda: page.text("#forget-trouble") or page.text("#forget-note"))
    site.restart_redis()
    wait("the state", lambda: page.text("#state-text") == "cache and database are up")

    def measured():
        page.click("#race-go")
        page.settled()
        return "away" not in page.text("#ratio-text")

    wait("reads from the cache: the library tries again within two seconds", measured)
    site.stop_server()
    wait("the state", lambda: page.text("#state-text") == "the server does not answer")
    page.click("#top-after")
    wait("words", lambda: page.text("#top-trouble") == "The server does not answer. Is it still running?")
    assert page.text("#top-range") == "1 to 10", "what was there stays"
    page.watch()
    page.complaints = [
        c
        for c in page.complaints
        if "ERR_CONNECTION_REFUSED" not in c["message"]
        and "ERR_EMPTY_RESPONSE" not in c["message"]
        and "ERR_CONNECTION_RESET" not in c["message"]
        and "503" not in c["message"]
    ]
    site.start_server(port)
    wait("the state", lambda: page.text("#state-text") == "cache and database are up")
    wait("the numbers", lambda: not page.text("#live-trouble"))
    page.click("#top-after")
    wait("the next ten", lambda: page.text("#top-range") == "11 to 20" and not page.text("#top-trouble"))
