# SPDX-License-Identifier: Apache-2.0
"""As much of PromQL as these tests need: the words of an expression, which of them are metrics, and comparisons that answer 0 or 1
where they would drop what they compare. Nothing is parsed: words are enough for that."""
import re

WORDS = re.compile(r"""
    (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`) |
    (?P<matchers>\{(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^{}"'])*\}) |
    (?P<range>\[[^\]]*\]) |
    (?P<duration>\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*\b) |
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) |
    (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*) |
    (?P<comparison>==|!=|<=|>=|<|>) |
    (?P<other>[()+\-*/%^,@]) |
    (?P<blank>\s+)
""", re.X)
KEYWORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "inf", "nan"}
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}


def words(expression):
    at, out = 0, []
    while at < len(expression):
        m = WORDS.match(expression, at)
        if not m:
            raise ValueError(f"not understood: {expression[at:at + 20]!r} in {expression!r}")
        out.append((m.lastgroup, m.group()))
        at = m.end()
    return out


def metrics(expression):
    """Names of the metrics that are asked for."""
    found, list_of_labels = set(), False
    solid = [w for w in words(expression) if w[0] != "blank"]
    for i, (kind, text) in enumerate(solid):
        after = solid[i + 1][1] if i + 1 < len(solid) else ""
        if kind == "name" and text.lower() in LABEL_LISTS:
            list_of_labels = after == "("
        elif text == ")":
            list_of_labels = False
        elif kind == "name" and not list_of_labels and text.lower() not in KEYWORDS and after.lower() not in ("(", "by", "without"):
            found.add(text)
    return found


def answering(expression):
    """The same with every comparison answering 0 or 1, so that it has data whether it holds or not."""
    out, given = [], [w for w in words(expression)]
    for i, (kind, text) in enumerate(given):
        out.append(text)
        following = next((t for k, t in given[i + 1:] if k != "blank"), "")
        if kind == "comparison" and following != "bool":
            out.append(" bool")
    return "".join(out)


def selftest():
    e = 'sum by (job, le) (rate(a_total{x="}{ b", y!="1"}[5m])) / on(job) (b > 0) < 0.5 and c{} offset 5m >= bool 1'
    assert metrics(e) == {"a_total", "b", "c"}, metrics(e)
    assert metrics("sum(x) without (y) + vector(0) + time()") == {"x"}
    assert answering(e).count("bool") == 3 and '"}{ b", y!="1"' in answering(e)
    assert answering("a{b!='c'} != 1") == "a{b!='c'} != bool 1"
    try:
        words("a ; b")
    except ValueError:
        return
    raise AssertionError("a ';' was taken")
