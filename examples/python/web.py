# SPDX-License-Identifier: Apache-2.0
"""The web API of examples/server in Python: `web.py PORT STORE` serves until Ctrl-C; the environment names Redis."""
import contextlib, json, mflixcache, re, sys, urllib.parse  # noqa: E401
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROUTES = {  # what is asked: the answer's name, and the call; None and False are "not found"; the first that fits counts
    "GET /movies": ("movie", lambda c, t, q, b:
        (m := c.get_movie_by_title(q["title"], trace=t)) and c.get_movie_document(m.id, trace=t)),
    "GET /movies/top": ("movies", lambda c, t, q, b: c.top_movies(int(q["n"]), offset=int(q["offset"]), trace=t)),
    "GET /movies/trending": ("movies", lambda c, t, q, b: c.trending(int(q["n"]), trace=t)),
    "GET /movies/ID": ("movie", lambda c, t, q, b, id: c.get_movie_document(id, trace=t)),
    "POST /movies": ("movie", lambda c, t, q, b: c.create_movie(b, trace=t)),
    "PATCH /movies/ID": ("movie", lambda c, t, q, b, id: c.update_movie(id, b, trace=t)),
    "PUT /movies/ID/rating": ("movie", lambda c, t, q, b, id: c.update_rating(id, json.loads(b)["rating"], trace=t)),
    "DELETE /movies/ID": ("", lambda c, t, q, b, id: c.delete_movie(id)),
    "POST /movies/ID/views": ("views", lambda c, t, q, b, id: c.record_view(id, trace=t)),
    "GET /theaters/near": ("theaters", lambda c, t, q, b: c.nearby_theaters(
        float(q["lon"]), float(q["lat"]), radius_m=float(q["radius"]), count=int(q["n"]), trace=t)),
    "DELETE /cache/movies/ID": ("", lambda c, t, q, b, id: c.invalidate(id)),
    "DELETE /cache": ("", lambda c, t, q, b: c.invalidate_all())}

def plain(x):
    if isinstance(x, mflixcache.Ranked):
        return {"rank": x.rank + 1, "id": x.movie.id, "title": x.movie.title, "year": x.movie.year_text, "score": x.score}
    if isinstance(x, mflixcache.Nearby):
        return {"id": x.theater.id, "city": x.theater.city, "distance_m": x.distance_m, "lon": x.lon, "lat": x.lat}
    return x.document if isinstance(x, mflixcache.Movie) else list(x)

class Handler(BaseHTTPRequestHandler):
    timeout = 30
    def answer(self):
        url, t, own = urllib.parse.urlsplit(self.path), mflixcache.Trace(), f"http://{self.headers['Host']}"
        asked, status, body = f"{self.command} {url.path}", 404, {"detail": "there is no such thing here"}
        try:
            query = {"n": 10, "offset": 0, "radius": 1e5, **dict(urllib.parse.parse_qsl(url.query))}
            sent = self.rfile.read(min(int(self.headers["Content-Length"] or 0), 1 << 20))
            fits = [(*row, m) for rule, row in ROUTES.items() if (m := re.fullmatch(rule.replace("ID", "([^/]+)"), asked))]
            if fits and self.headers.get("Origin", own) == own:  # for pages from elsewhere nothing is here
                name, call, m = fits[0]
                found = call(self.clients[query.get("cache") == "off"], t, query, sent, *m.groups())
                if found is not None and found is not False:
                    status = 201 if asked == "POST /movies" else 200 if name else 204
                    body = {name: found, "answer": t.info and {"tier": str(t.info.tier), "cache": str(t.info.cache),
                                                               "elapsed_us": t.info.elapsed_ns / 1000}}
        except (mflixcache.MflixError, KeyError, TypeError, ValueError) as e:
            code = getattr(e, "code", 0)
            status, body = 400 if code > -20 else 409 if code > -30 else 503, {"detail": f"{type(e).__name__}: {e}"}
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.end_headers()
        self.wfile.write(b"" if status == 204 else json.dumps(body, default=plain).encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

_, port, store = sys.argv if len(sys.argv) == 3 else sys.exit(print(__doc__))
with mflixcache.open(store, env=True) as on, mflixcache.open(store, env=True, read_tiers="store") as off:
    server, Handler.clients = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler), (on, off)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
