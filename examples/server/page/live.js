// SPDX-License-Identifier: Apache-2.0
// Owns: what the server counts, asked for again and again while the page is seen; and a little traffic to make it move.
import { call, movie } from "./api.js";
import { links } from "./code.js";
import { decades, draw, round } from "./chart.js";
import { $, count, el, time, trouble } from "./dom.js";
import { note } from "./strip.js";

const EVERY = 1000;
const KEPT = 60;
const samples = []; // {hits, rate, cached: {p50, p95, p99}, uncached: {...}}; null where there is no figure
let before = null;
let loop = 0; // number of the chain of polls that runs; an older one ends
let films = [];
let traffic = false;

function quantiles(reads) {
    const known = reads && reads.count > 0;
    return {
        count: known ? reads.count : 0,
        p50: known ? reads.p50_us / 1000 : null,
        p95: known ? reads.p95_us / 1000 : null,
        p99: known ? reads.p99_us / 1000 : null,
    };
}

function sample(stats) {
    const now = { at: performance.now(), requests: stats.http.requests, ...stats.counters };
    const was = before;
    before = now;
    const s = { hits: null, rate: null, cached: quantiles(stats.reads.cached), uncached: quantiles(stats.reads.uncached) };
    if (was && now.requests >= was.requests) {
        const hits = now.hits + now.negative_hits - was.hits - was.negative_hits;
        const asked = hits + now.misses - was.misses + now.bypasses - was.bypasses;
        s.hits = asked > 0 ? hits / asked : null;
        // Asking for these numbers is a request as well; it is left out.
        s.rate = Math.max(0, now.requests - was.requests - 1) / ((now.at - was.at) / 1000);
    }
    samples.push(s);
    if (samples.length > KEPT) samples.shift();
}

const series = (of) => [...Array(KEPT - samples.length).fill(null), ...samples.map(of)];
const seconds = (KEPT - 1) * (EVERY / 1000);

function paint() {
    const last = samples[samples.length - 1];
    const known = samples.filter((s) => s.hits !== null);
    const hits = known.length ? known[known.length - 1].hits : null;
    $("hits-now").textContent = hits === null ? "no reads yet" : `${Math.round(hits * 100)} %`;
    draw($("hits-chart"), {
        points: KEPT,
        seconds,
        ticks: [0, 0.5, 1],
        format: (v) => `${v * 100} %`,
        lines: [{ kind: "hit", values: held(series((s) => s.hits)) }],
        bands: [
            {
                kind: "hit",
                low: held(series((s) => s.hits)).map((v) => (v === null ? null : 0)),
                high: held(series((s) => s.hits)),
            },
        ],
    });
    $("hits-chart").setAttribute(
        "aria-label",
        `Part of the reads that the cache answered, over the last minute; now ${$("hits-now").textContent}`,
    );

    const most = Math.max(...samples.map((s) => s.rate ?? 0), 1);
    $("rate-now").textContent = last.rate === null ? "counting" : count(Math.round(last.rate));
    draw($("rate-chart"), {
        points: KEPT,
        seconds,
        ticks: round(most),
        format: (v) => count(v),
        lines: [{ kind: "plain", values: series((s) => s.rate) }],
    });
    $("rate-chart").setAttribute("aria-label", `Requests a second over the last minute; now ${$("rate-now").textContent}`);

    const all = samples.flatMap((s) => [s.cached.p50, s.cached.p99, s.uncached.p50, s.uncached.p99]).filter((v) => v > 0);
    const of = (kind, p) => series((s) => s[kind][p]);
    draw($("time-chart"), {
        points: KEPT,
        seconds,
        log: true,
        ticks: decades(Math.min(...all, 0.1), Math.max(...all, 0.1)),
        format: (v) => `${Number(v.toPrecision(1))} ms`,
        bands: [
            ["uncached", "off"],
            ["cached", "hit"],
        ].map(([name, kind]) => ({ kind, low: of(name, "p50"), high: of(name, "p99") })),
        lines: [
            ["uncached", "off"],
            ["cached", "hit"],
        ].flatMap(([name, kind]) => [
            { kind, values: of(name, "p50") },
            { kind, values: of(name, "p95"), dashed: true },
        ]),
    });
    $("time-chart").setAttribute(
        "aria-label",
        `Latency over the last minute: half of the cached reads take less than ${time(last.cached.p50)}, ` +
            `half of the others less than ${time(last.uncached.p50)}; the table below has more`,
    );
    $("time-rows").replaceChildren(
        ...[
            ["Through the cache", last.cached],
            ["Database only", last.uncached],
        ].map(([name, q]) =>
            el(
                "tr",
                {},
                el("th", { scope: "row" }, name),
                el("td", {}, time(q.p50)),
                el("td", {}, time(q.p95)),
                el("td", {}, time(q.p99)),
                el("td", {}, count(q.count)),
            ),
        ),
    );
}

// Where nobody read, the last ratio is held.
function held(values) {
    let last = null;
    return values.map((v) => (last = v ?? last));
}

function state(kind, words) {
    $("state").className = `state ${kind}`;
    if ($("state-text").textContent !== words) $("state-text").textContent = words;
}

async function health() {
    try {
        const ready = (await call("GET", "/readyz")).data;
        if (ready.redis) state("good", "cache and database are up");
        else state("weak", "the cache is away: the database answers");
    } catch (error) {
        state("bad", error.status === 503 ? "the database is away" : "the server does not answer");
    }
}

async function poll(mine) {
    if (mine !== loop) return;
    try {
        const stats = (await call("GET", "/stats")).data;
        links(stats.links);
        sample(stats);
        trouble("live-trouble", null);
        paint();
    } catch (error) {
        before = null;
        trouble("live-trouble", error);
    }
    await health();
    if (mine === loop) setTimeout(poll, EVERY, mine);
}

// Reads of the listed films, most of them to the first few, some past the cache, about forty a second.
async function run() {
    for (let i = 0; traffic && films.length; i++) {
        const hot = Math.ceil(films.length / 5);
        const film = films[Math.floor(Math.random() * (Math.random() < 0.8 ? hot : films.length))];
        const cache = i % 4 === 3 ? "off" : "on";
        try {
            note((await movie(film.id, cache)).answer, cache);
        } catch (error) {
            trouble("live-trouble", error);
            await new Promise((done) => setTimeout(done, EVERY));
        }
        while (traffic && document.hidden) await new Promise((done) => setTimeout(done, EVERY));
        await new Promise((done) => setTimeout(done, 20));
    }
}

export function start(known) {
    films = known;
    poll(++loop);
    document.addEventListener("visibilitychange", () => {
        loop++;
        if (!document.hidden) {
            before = null; // nothing is known of the time in between
            poll(loop);
        }
    });
    $("traffic").addEventListener("click", () => {
        traffic = !traffic;
        $("traffic").setAttribute("aria-pressed", String(traffic));
        $("traffic").textContent = traffic ? "Stop the reads" : "Send some reads";
        if (traffic) run();
    });
}
