# SPDX-License-Identifier: Apache-2.0
"""Bad paths and queries: each is refused with a 4xx that names what is wrong and where its limit is."""
from site_under_test import NOBODY

NEAR = "/theaters/near?"


def whole_numbers(w):
    for value in ("", "abc", "1.5", "1e2", "0x10", " 1", "1 ", "+1", "--1", "-", "1,000", "%D9%A1", "NaN", "1%00"):
        w.problem(400, "GET", f"/movies/top?n={value}".replace(" ", "%20"))
        w.problem(400, "GET", f"/movies/top?offset={value}".replace(" ", "%20"))
    for name, values in (("n", ("0", "-1", "1001", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "9" * 400)),
                         ("offset", ("-1", "1000001", "99999999999999999999"))):
        for value in values:
            w.problem(400, "GET", f"/movies/top?{name}={value}", code="MC_E_RANGE", says="is not between")
    for target in ("/movies/trending?n=0", NEAR + "lon=0&lat=0&n=0", NEAR + "lon=0&lat=0&n=-5"):
        w.problem(400, "GET", target, code="MC_E_RANGE", says="n:")
    for target in ("/movies/top?n=1", "/movies/top?n=1000", "/movies/top?n=0001", "/movies/top?offset=1000000", "/movies/trending?n=1000"):
        assert w.call("GET", target).status == 200, target


def real_numbers(w):
    for value in ("", "abc", "nan", "NaN", "inf", "-inf", "Infinity", "0x1p3", "0x10", "1e", "1e+", ".", "-", "1.2.3", "1,5", "1d", "%201", "1%20"):
        for target in (f"lon={value}&lat=0", f"lon=0&lat={value}", f"lon=0&lat=0&radius={value}"):
            w.problem(400, "GET", NEAR + target, code="MC_E_ARG")
    for target in ("lon=1e400&lat=0", "lon=0&lat=-1e400", "lon=0&lat=0&radius=1e400", "lon=0&lat=0&radius=" + "9" * 400):
        w.problem(400, "GET", NEAR + target, code="MC_E_RANGE")
    for target, name in (("lon=180.1&lat=0", "lon"), ("lon=-181&lat=0", "lon"), ("lon=0&lat=85.06", "lat"), ("lon=0&lat=-90", "lat"),
                         ("lon=0&lat=0&radius=-1", "radius"), ("lon=0&lat=0&radius=1e300", "radius"), ("lon=0&lat=0&radius=20100001", "radius")):
        w.problem(400, "GET", NEAR + target, code="MC_E_RANGE", says=name)
    for target in ("", "lon=1", "lat=1", "radius=5"):
        w.problem(400, "GET", NEAR + target, code="MC_E_ARG", says="must be given")
    for target in ("lon=180&lat=85.05112878", "lon=-180&lat=-85.05112878&radius=20100000", "lon=-0&lat=1e-400"):
        assert w.call("GET", NEAR + target).status == 200, target


def parameters(w):
    for target in ("/movies/top?n=1&n=1", "/movies/top?n=1&%6E=2", "/movies?title=a&title=b", "/movies/top?cache=on&cache=off"):
        w.problem(400, "GET", target, code="MC_E_ARG", says="twice")
    for target in ("/movies/top?N=1", "/movies/top?count=1", "/movies/top?n%20=1", "/movies/top?=1", "/healthz?x=1", "/?n=1",
                   "/movies/trending?cache=on", f"/movies/{NOBODY}?title=x", "/movies/top?n%20offset=1", "/movies/top?title=x"):
        w.problem(400, "GET", target, code="MC_E_ARG", says="no parameter")
    w.problem(400, "DELETE", "/cache?all=1", code="MC_E_ARG", says="no parameter")
    w.problem(400, "GET", "/movies/top?" + "&".join(f"p{i}=1" for i in range(9)), says="more than 8")
    for value in ("", "ON", "true", "1", "off%20", "offf"):
        w.problem(400, "GET", f"/movies/top?cache={value}", code="MC_E_ARG", says="must be on or off")
    w.problem(400, "GET", "/movies", code="MC_E_ARG", says="title: must be given")
    for target in ("/movies/top?&n=1&", "/movies/top?", "/healthz?&&"):
        assert w.call("GET", target).status == 200, target


def titles(w):
    w.problem(400, "GET", "/movies?title=", code="MC_E_ARG", says="title")
    w.problem(400, "GET", "/movies?title", code="MC_E_ARG", says="title")
    for bad in ("%FF", "%C3", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "abc%80"):
        w.problem(400, "GET", f"/movies?title={bad}", code="MC_E_UTF8", says="title")
    w.problem(400, "GET", "/movies?title=" + "a" * 1025, code="MC_E_TOOBIG", says="1024")
    w.problem(400, "GET", "/movies?title=a%00b", says="%00")
    for title in ("a" * 1024, "%0A%09%7F", "%F0%9F%8E%AC", "%25", "a%26b%3Dc", "$where", "%7B%22$ne%22:1%7D", "a*b?c[d]%0D%0ASET%20x%20y"):
        w.problem(404, "GET", f"/movies?title={title}", code="MC_NOT_FOUND")


def ids(w):
    for bad in ("xyz", NOBODY[:-1], NOBODY + "0", "g" * 24, "%20" + NOBODY, NOBODY + "%0A", "..", "%2e%2e", "%2F", "a%2Fb", "*", "%7B%7D",
                "%FF", "%E2%82%AC", "a" * 300, "mflix:movie:1", "%0D%0AFLUSHALL%0D%0A"):
        for method, end, body in (("GET", "", None), ("PATCH", "", {"a": 1}), ("DELETE", "", None), ("PUT", "/rating", {"rating": 1}),
                                  ("POST", "/views", None)):
            w.problem(400, method, f"/movies/{bad}{end}", code="MC_E_ARG", **({"body": body} if body else {}))
        w.problem(400, "DELETE", f"/cache/movies/{bad}", code="MC_E_ARG")
    for bad in ("%00", NOBODY + "%00", "%0", "%", "%zz", "%1g", "%-1", "abc%"):
        w.problem(400, "GET", f"/movies/{bad}", says="%")
        w.problem(400, "GET", f"/movies?title={bad}", says="%")
        w.problem(400, "GET", f"/movies?{bad}=1", says="%")


def paths(w):
    for target in ("/nothing", "/movies/", "//", "/movies//", "//movies", f"/movies/{NOBODY}/", f"/movies/{NOBODY}/nothing", "/a/b/c/d/e",
                   "/assets", "/assets/", "/assets/../openapi.json", "/assets/a/b", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                   "/Movies/top", "/healthz/", "/cache/movies", "/theaters", "/movies%2Ftop", "/" + "a/" * 200, "/.git/config"):
        w.problem(404, "GET", target)
    w.problem(404, "DELETE", "/cache/movies/")
    w.problem(404, "POST", "/movies//views")
    assert w.call("GET", f"http://{w.address}/healthz").status == 200  # the absolute form
    w.problem(400, "GET", "http://elsewhere.example/healthz", says="Host")
    assert w.call("GET", "http://x?n=1").status == 400


TESTS = [whole_numbers, real_numbers, parameters, titles, ids, paths]
