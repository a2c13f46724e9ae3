// SPDX-License-Identifier: Apache-2.0
// Owns: the same read with the cache and without it, taken in turns, medians side by side; and what forgetting costs.
import { call, movie, setAway } from "./api.js";
import { $, bars, median, plural, say, time, trouble, why } from "./dom.js";
import { current, idOf, sourced } from "./film.js";
import { note } from "./strip.js";
import { path as places } from "./theaters.js";

// What can be read: its path, and what was measured so far.
const kinds = {
    film: { path: () => `/movies/${encodeURIComponent(idOf(current()))}?`, on: [], off: [] },
    top: { path: () => "/movies/top?n=10&", on: [], off: [] },
    near: { path: () => places(-73.9857, 40.7577, 50), on: [], off: [] },
};
let chosen = "near";
let picked = false; // by the visitor: else what shows most comes first
let newest = 0; // number of the newest measurement; older ones end
let running = false;

function stop() {
    newest++;
    running = false;
    $("race-go").textContent = "Measure";
}

const middle = (reads, which) => (reads.length ? median(reads.map((read) => read.ms[which])) : null);

function ratio({ on, off }) {
    return on.length && off.length ? middle(off, "cache") / middle(on, "cache") : null;
}

const times = (r) => `${r.toFixed(r < 10 ? 1 : 0)}×`;

function work(reads) {
    const a = reads[reads.length - 1]?.answer;
    return a ? `${plural(a.store_calls, "database call")}, ${plural(a.redis_round_trips, "Redis exchange")}` : "";
}

// Draw what is known of the chosen kind; gives the sentence.
function draw() {
    for (const [name, kind] of Object.entries(kinds))
        $(`ratio-${name}`).textContent = ratio(kind) === null ? "" : times(ratio(kind));
    const { on, off } = kinds[chosen];
    bars($("race-server"), [
        { name: "Database", kind: "off", ms: middle(off, "cache"), note: work(off) },
        { name: "Cache", kind: "hit", ms: middle(on, "cache"), note: work(on) },
    ]);
    bars($("race-browser"), [
        { name: "Database", kind: "off", ms: middle(off, "browser") },
        { name: "Cache", kind: "hit", ms: middle(on, "browser") },
    ]);
    const r = ratio(kinds[chosen]);
    $("race-why").textContent = "";
    if (r === null) return "";
    const around = on.length === 1 ? "one read each" : `medians of ${on.length} reads each`;
    if (on.every((read) => read.answer?.cache === "bypass")) {
        $("ratio").textContent = "1×";
        $("ratio-text").textContent = "the cache is away: both came from the database";
    } else if (r >= 1) {
        $("ratio").textContent = times(r);
        $("ratio-text").textContent = `faster through the cache, ${around}`;
    } else {
        $("ratio").textContent = times(1 / r);
        $("ratio-text").textContent = `slower through the cache this time, ${around}`;
    }
    const slow = (which) => ({ off: middle(off, which), hit: middle(on, which) });
    const words = (of) => why([...Object.entries(of)].map(([kind, ms]) => ({ kind, ms })));
    $("race-why").textContent =
        words(slow("cache")) ||
        (words(slow("browser")) &&
            "Your browser sees no difference: its own way to the server takes longer than either read.");
    return `${$("ratio").textContent} ${$("ratio-text").textContent}`;
}

async function measure(name, rounds) {
    const mine = ++newest;
    const kind = kinds[name];
    running = true;
    trouble("race-trouble", null);
    $("race-go").textContent = "Stop";
    const path = kind.path();
    [kind.on, kind.off] = [[], []];
    try {
        for (let i = 0; i < rounds; i++) {
            for (const cache of i % 2 ? ["on", "off"] : ["off", "on"]) {
                const got = await call("GET", `${path}cache=${cache}`);
                if (mine !== newest) return;
                kind[cache].push(got);
                if (name === "film") note(got.answer, cache);
            }
            if (i % 10 === 0) draw();
        }
        const text = draw();
        if (name === chosen && text) say(text);
    } catch (error) {
        if (mine === newest) trouble("race-trouble", error);
    } finally {
        if (mine === newest) stop();
    }
}

// Forget, then read twice: the first read pays, the second does not.
async function forget(path, words) {
    trouble("forget-trouble", null);
    if (!current()) return;
    const id = idOf(current());
    stop(); // its reads would fill the cache in between
    try {
        await call("DELETE", path(id));
        const first = await movie(id);
        note(first.answer, "on");
        const second = await movie(id);
        note(second.answer, "on");
        sourced(second.answer);
        const kind = (answer, without) => (answer.cache === "hit" ? "hit" : without);
        bars($("forget-bars"), [
            {
                name: "First read",
                kind: kind(first.answer, "miss"),
                ms: first.ms.cache,
                note: plural(first.answer.store_calls, "database call"),
            },
            {
                name: "The next",
                kind: kind(second.answer, "off"),
                ms: second.ms.cache,
                note: plural(second.answer.store_calls, "database call"),
            },
        ]);
        $("forget-note").textContent =
            first.answer.cache === "hit"
                ? `${words} Another reader came first and has put it back already.`
                : `${words} The first read took ${time(first.ms.cache)}, the one after it ${time(second.ms.cache)}.`;
        say($("forget-note").textContent);
        document.dispatchEvent(new CustomEvent("forgotten"));
    } catch (error) {
        trouble("forget-trouble", error);
    }
}

function choose(name) {
    chosen = name;
    $("kinds").querySelector(`input[value="${name}"]`).checked = true;
    draw();
}

// The same page with a database elsewhere: all is measured again.
async function farther() {
    const ms = Number($("away").value);
    setAway(ms);
    $("away-note").textContent = ms
        ? `Simulated: this page waits ${ms} ms longer for each call of the database, and all its figures but those under Live have that in them.`
        : "";
    stop();
    document.dispatchEvent(new CustomEvent("away"));
    await others(["film", "top", "near"]);
}

export function start() {
    draw();
    $("race").addEventListener("submit", (event) => {
        event.preventDefault();
        if (running) stop();
        else if (current() || chosen !== "film") measure(chosen, Number($("race-count").value));
    });
    $("kinds").addEventListener("change", (event) => {
        picked = true;
        choose(event.target.value);
    });
    $("away").addEventListener("change", farther);
    $("forget-film").addEventListener("click", () =>
        forget((id) => `/cache/movies/${encodeURIComponent(id)}`, "This film is forgotten."),
    );
    $("forget-all").addEventListener("click", () => forget(() => "/cache", "Everything is forgotten."));
    document.addEventListener("film", () => measure("film", 10));
}

// The kinds that were not measured yet, a few times each; then the one that shows most, unless the visitor has chosen.
export async function others(names = ["near", "top"]) {
    for (const name of names) {
        while (running) await new Promise((done) => setTimeout(done, 50));
        if (current() || name !== "film") await measure(name, 5);
    }
    const most = Object.keys(kinds).sort((a, b) => (ratio(kinds[b]) ?? 0) - (ratio(kinds[a]) ?? 0))[0];
    if (!picked && ratio(kinds[most]) !== null) choose(most);
}
