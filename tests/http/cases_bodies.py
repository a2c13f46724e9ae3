# SPDX-License-Identifier: Apache-2.0
"""Bad bodies: kinds that are not taken, JSON that is none, documents that the library refuses. Nothing of them is written."""
import json

from site_under_test import NOBODY

PATCH = {"Content-Type": "application/merge-patch+json"}


def kinds(w):
    id = w.some_ids()[0]
    for kind in (None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
                 "application/json; charset=iso-8859-1", "application/json; charset", "application/json, text/plain", "json",
                 "application/json charset=utf-8", "application/merge-patch+json"):
        w.problem(415, "POST", "/movies", {"title": "x"}, {"Content-Type": kind}, says="Content-Type")
        w.problem(415, "PUT", f"/movies/{id}/rating", {"rating": 1}, {"Content-Type": kind}, says="Content-Type")
        if kind != "application/merge-patch+json":
            w.problem(415, "PATCH", f"/movies/{id}", {"x": 1}, {"Content-Type": kind}, says="Content-Type")
    for encoding in ("gzip", "br", "x"):
        w.problem(415, "POST", "/movies", {"title": "x"}, {"Content-Encoding": encoding}, says="Content-Encoding")
    for kind in ("application/json", "APPLICATION/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'):
        assert w.call("PATCH", f"/movies/{id}", {}, {"Content-Type": kind, "Content-Encoding": "identity"}).status == 200, kind
    assert w.call("PATCH", f"/movies/{id}", {}, PATCH).status == 200
    for method, target in (("GET", "/healthz"), ("DELETE", f"/movies/{NOBODY}"), ("POST", f"/movies/{id}/views"), ("DELETE", "/cache")):
        w.problem(400, method, target, {"x": 1}, says="takes none")
        assert w.call(method, target, b"").status in (200, 204, 404)


def documents(w):
    id = w.some_ids()[0]
    before = w.call("GET", f"/movies/{id}?cache=off").json()["movie"]
    deep = b'{"a":' * 65 + b"1" + b"}" * 65
    refused = [
        (b"", "MC_E_JSON"), (b" ", "MC_E_JSON"), (b"[]", "MC_E_JSON"), (b"1", "MC_E_JSON"), (b'"x"', "MC_E_JSON"), (b"null", "MC_E_JSON"),
        (b"{", "MC_E_JSON"), (b"{}x", "MC_E_JSON"), (b"{} {}", "MC_E_JSON"), (b"{'a':1}", "MC_E_JSON"), (b'{"a":1,}', "MC_E_JSON"),
        (b'{"a":01}', "MC_E_JSON"), (b'{"a":NaN}', "MC_E_JSON"), (b'{"a":0x10}', "MC_E_JSON"), (b'{"a":1,"a":2}', "MC_E_JSON"),
        (b'{"a":{"b":1,"b":1}}', "MC_E_JSON"), (b'\xef\xbb\xbf{}', "MC_E_JSON"), (b'{"a":"\n"}', "MC_E_JSON"), (b'{"a":"\\x"}', "MC_E_JSON"),
        (b'{"a":\x00}', "MC_E_JSON"), (b'{"a":1e400}', "MC_E_RANGE"), (b'{"a":9223372036854775808}', "MC_E_RANGE"),
        (b'{"a":-9223372036854775809}', "MC_E_RANGE"), (b'{"a":"\xff"}', "MC_E_UTF8"), (b'{"\xc3":1}', "MC_E_UTF8"),
        (b'{"a":"\\ud800"}', None), (b'{"a":"\\u0000"}', None), (b'{"a\\u0000b":1}', None), (deep, "MC_E_DEPTH"), (b"[" * 100000, None),
        (b'{"a":' * 100000, "MC_E_DEPTH"), (b'{"$where":"1"}', "MC_E_FIELD"), (b'{"a.b":1}', "MC_E_FIELD"), (b'{"":1}', "MC_E_FIELD"),
        (b'{"a":{"$gt":1}}', None), (b'{"imdb":{"rating":11}}', None), (b'{"imdb":{"rating":-0.1}}', None),
        (b'{"imdb":{"rating":"good"}}', None), (b'{"a":{"$numberLong":"x"}}', None), (b'{"a":{"$oid":"12"}}', None)]
    for body, code in refused:
        a = w.problem(400, "POST", "/movies", body, code=code)
        assert a.json()["code"].startswith("MC_E_"), a
        w.problem(400, "PATCH", f"/movies/{id}", body, code=code)
    for body in (b'{"_id":1}', b'{"_id":{"$oid":"573a1394f29313caabc0000g"}}', b'{"_id":{"$ne":1}}', b'{"_id":null}', b'{"_id":[]}'):
        w.problem(400, "POST", "/movies", body)
        w.problem(400, "PATCH", f"/movies/{id}", body, code="MC_E_FIELD")
    assert w.call("GET", f"/movies/{id}?cache=off").json()["movie"] == before
    assert w.call("GET", f"/movies/{id}").json()["movie"] == before


def odd_documents_are_kept(w):
    odd = {"__proto__": {"x": 1}, "constructor": None, "title": "\u2028\U0001f3ac </script>\"\\", "n": [9223372036854775807, -0.0, 1e300, 5e-324],
           "deep": json.loads("[" * 60 + "]" * 60), "imdb": {"rating": ""}, "k" * 1000: "v" * 100000, "hasOwnProperty": [None, True, {}]}
    a = w.call("POST", "/movies", odd)
    assert a.status == 201, a
    stored = a.json()["movie"]
    id = stored.pop("_id")["$oid"]
    assert stored == {**odd, "n": stored["n"]} and stored["n"][2:] == [1e300, 5e-324], stored
    assert w.call("GET", f"/movies/{id}").json()["movie"]["title"] == odd["title"]
    assert w.call("DELETE", f"/movies/{id}").status == 204


def ratings(w):
    id = w.some_ids()[0]
    before = w.call("GET", f"/movies/{id}").json()["movie"]["imdb"]["rating"]
    for body in (b"", b"{", b"[]", b"8", b"null", b'{"rating":8}x', b'{"rating":8,"rating":9}', b'{"rating":NaN}', b'{"rating":1e400}',
                 b'{"rating":Infinity}', b'{"rating":-}', b'{"rating":\xff}', b'{"rating":' * 5000, b'{"rating":"8"}', b'{"rating":null}',
                 b'{"rating":true}', b'{"rating":[8]}', b'{"rating":{"$numberDouble":"8"}}', b'{}', b'{"Rating":8}', b'{"rating":8,"x":1}',
                 b'{"rating\\u0000":8}', b'{"rating":10.000001}', b'{"rating":-0.0001}', b'{"rating":11}', b'{"rating":1e300}',
                 b'{"rating":99999999999999999999}'):
        w.problem(400, "PUT", f"/movies/{id}/rating", body)
    assert w.call("GET", f"/movies/{id}?cache=off").json()["movie"]["imdb"]["rating"] == before
    for rating in (0, -0.0, 10, 1e-300, 8.7):
        a = w.call("PUT", f"/movies/{id}/rating", {"rating": rating})
        assert a.status == 200 and a.json()["movie"]["imdb"]["rating"] == rating, a


TESTS = [kinds, documents, odd_documents_are_kept, ratings]
