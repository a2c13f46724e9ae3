// SPDX-License-Identifier: Apache-2.0
// Owns: the same read with the cache and without it, taken in turns, medians side by side; and what forgetting costs.
import { call, movie } from "./api.js";
import { $, bars, median, plural, say, time, trouble } from "./dom.js";
import { current, idOf, sourced } from "./film.js";
import { note } from "./strip.js";

let running = 0; // number of the measurement under way; a newer one ends it

function drawn(on, off) {
  const mid = (reads, which) => (reads.length ? median(reads.map((read) => read.ms[which])) : null);
  const work = (reads) => {
    const a = reads[reads.length - 1]?.answer;
    return a ? `${plural(a.store_calls, "database call")}, ${plural(a.redis_round_trips, "Redis exchange")}` : "";
  };
  bars($("race-server"), [{ name: "Database", kind: "off", ms: mid(off, "cache"), note: work(off) },
    { name: "Cache", kind: "hit", ms: mid(on, "cache"), note: work(on) }]);
  bars($("race-browser"), [{ name: "Database", kind: "off", ms: mid(off, "browser") }, { name: "Cache", kind: "hit", ms: mid(on, "browser") }]);
  if (!on.length || !off.length) return "";
  const ratio = mid(off, "cache") / mid(on, "cache");
  const around = on.length === 1 ? "one read each" : `medians of ${on.length} reads each`;
  const bypassed = on.every((read) => read.answer?.cache === "bypass");
  if (bypassed) {
    $("ratio").textContent = "1×";
    $("ratio-text").textContent = "the cache is away: both came from the database";
  } else if (ratio >= 1.05) {
    $("ratio").textContent = `${ratio.toFixed(ratio < 10 ? 1 : 0)}×`;
    $("ratio-text").textContent = `faster through the cache, ${around}`;
  } else {
    $("ratio").textContent = `${(1 / ratio).toFixed(1)}×`;
    $("ratio-text").textContent = `slower through the cache this time, ${around}`;
  }
  return `${$("ratio").textContent} ${$("ratio-text").textContent}`;
}

export async function measure(id, rounds) {
  const mine = ++running;
  const on = [], off = [];
  trouble("race-trouble", null);
  $("race-go").textContent = "Stop";
  try {
    for (let i = 0; i < rounds && mine === running; i++) {
      for (const [cache, reads] of i % 2 ? [["on", on], ["off", off]] : [["off", off], ["on", on]]) {
        const got = await movie(id, cache);
        if (mine !== running) return;
        reads.push(got);
        note(got.answer, cache);
      }
      if (i % 10 === 0) drawn(on, off);
    }
    const told = drawn(on, off);
    if (mine === running && told) say(told);
  } catch (error) {
    if (mine === running) trouble("race-trouble", error);
  } finally {
    if (mine === running) {
      running = 0;
      $("race-go").textContent = "Measure";
    }
  }
}

// Forget, then read twice: the first read pays, the second does not.
async function forget(path, words) {
  trouble("forget-trouble", null);
  const document = current();
  if (!document) return;
  const id = idOf(document);
  running++; // its reads would fill the cache in between
  $("race-go").textContent = "Measure";
  try {
    await call("DELETE", path(id));
    const first = await movie(id);
    note(first.answer, "on");
    const second = await movie(id);
    note(second.answer, "on");
    sourced(second.answer);
    bars($("forget-bars"), [
      { name: "First read", kind: first.answer.cache === "hit" ? "hit" : "miss", ms: first.ms.cache, note: plural(first.answer.store_calls, "database call") },
      { name: "The next", kind: second.answer.cache === "hit" ? "hit" : "off", ms: second.ms.cache, note: plural(second.answer.store_calls, "database call") }]);
    $("forget-note").textContent = first.answer.cache === "hit" ? `${words} Another reader came first and has put it back already.`
      : `${words} The first read took ${time(first.ms.cache)}, the one after it ${time(second.ms.cache)}.`;
    say($("forget-note").textContent);
    globalThis.document.dispatchEvent(new CustomEvent("forgotten"));
  } catch (error) {
    trouble("forget-trouble", error);
  }
}

export function start() {
  drawn([], []);
  $("race").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) {
      running++;
      running = 0;
      $("race-go").textContent = "Measure";
    } else if (current()) measure(idOf(current()), Number($("race-count").value));
  });
  $("forget-film").addEventListener("click", () => forget((id) => `/cache/movies/${encodeURIComponent(id)}`, "This film is forgotten."));
  $("forget-all").addEventListener("click", () => forget(() => "/cache", "Everything is forgotten."));
  globalThis.document.addEventListener("film", (event) => measure(event.detail, 10));
}
