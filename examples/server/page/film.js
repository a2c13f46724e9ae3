// SPDX-License-Identifier: Apache-2.0
// Owns: the film that is shown: finding it, its details, its document. The event "film" informs others.
import { call, movie, Problem } from "./api.js";
import { $, el, plural, say, source, trouble } from "./dom.js";
import { poster } from "./poster.js";
import { note } from "./strip.js";

let shown = null;
export const current = () => shown;

// Extended JSON: {"$numberLong": "5"} is 5, {"$date": ...} a Date, {"$oid": "..."} a text.
export function value(x) {
    if (x === null || typeof x !== "object" || Array.isArray(x)) return x ?? null;
    for (const name of ["$numberInt", "$numberLong", "$numberDouble"]) if (name in x) return Number(x[name]);
    if ("$date" in x) return new Date(value(x.$date));
    if ("$oid" in x) return x.$oid;
    return x;
}

const text = (x) => (typeof x === "string" && x.trim() ? x.trim() : null);
const list = (x) => (Array.isArray(x) ? x.filter((name) => typeof name === "string" && name) : []);
const number = (x) => (typeof value(x) === "number" && Number.isFinite(value(x)) ? value(x) : null);

export function idOf(document) {
    return String(value(document._id));
}

export function ratingOf(document) {
    return number(document.imdb?.rating);
}

function facts(d) {
    const released = value(d.released);
    const parts = [];
    const year = value(d.year);
    if (year !== null) parts.push(String(year));
    if (number(d.runtime) !== null) parts.push(`${number(d.runtime)} min`);
    if (text(d.rated)) parts.push(`rated ${d.rated}`);
    if (released instanceof Date && !Number.isNaN(released.getTime())) {
        parts.push(`released ${new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" }).format(released)}`);
    }
    return parts.join(" · ");
}

function stars(d) {
    const rating = ratingOf(d),
        votes = number(d.imdb?.votes);
    if (rating === null) return [el("dt", {}, "Rating"), el("dd", {}, "not rated yet")];
    return [
        el("dt", {}, "Rating"),
        el(
            "dd",
            {},
            el("strong", { id: "film-rating" }, rating.toFixed(1)),
            " of 10",
            votes === null ? "" : `, ${plural(votes, "vote")}`,
        ),
    ];
}

function people(d) {
    const rows = [
        ["Directed by", list(d.directors)],
        ["Written by", list(d.writers)],
        ["With", list(d.cast)],
        ["Languages", list(d.languages)],
        ["Countries", list(d.countries)],
        ["Awards", text(d.awards?.text) ? [d.awards.text] : []],
    ];
    const known = rows
        .filter(([, names]) => names.length)
        .flatMap(([name, names]) => [el("dt", {}, name), el("dd", {}, names.join(", "))]);
    return [...stars(d), ...known];
}

export function show(document, answer) {
    shown = document;
    const title = text(document.title) || "Without a title";
    const year = value(document.year);
    $("film-card").setAttribute("aria-busy", "false");
    $("film-title").textContent = title;
    $("film-facts").textContent = facts(document);
    $("film-genres").replaceChildren(...list(document.genres).map((genre) => el("li", {}, genre)));
    $("film-plot").textContent =
        text(document.plot) || text(document.fullplot) || "Nobody has written down what happens in it.";
    $("film-people").replaceChildren(...people(document));
    $("film-json").textContent = JSON.stringify(document, null, 2);
    $("poster").replaceChildren(poster(title, year === null ? "" : String(year)));
    sourced(answer);
    globalThis.document.title = `${title} – mflix`;
}

export function sourced(answer) {
    $("film-source").textContent = source(answer);
    $("film-source").className = `source ${answer?.cache || "none"}`;
}

// Who asks again does not wait for the answer to the question before: it comes too late to be shown.
let questions = 0;
const isOver = (question) => question !== questions;

// Read the film with this id through the cache and show it. Options: focus its title; count a view.
export async function open(id, { focus = false, view = false } = {}) {
    const question = ++questions;
    clear();
    $("film-card").setAttribute("aria-busy", "true");
    try {
        const got = await movie(id);
        note(got.answer, "on");
        if (isOver(question)) return;
        arrived(got, focus);
        if (view) await seen(id);
    } catch (error) {
        if (!isOver(question)) failed(error);
    }
}

async function byTitle(title) {
    const question = ++questions;
    clear();
    $("film-card").setAttribute("aria-busy", "true");
    try {
        const got = await call("GET", `/movies?title=${encodeURIComponent(title)}&cache=on`);
        note(got.answer, "on");
        if (isOver(question)) return;
        arrived(got, true);
        await seen(idOf(got.data.movie));
    } catch (error) {
        if (isOver(question)) return;
        const unknown = error instanceof Problem && error.status === 404;
        failed(unknown ? new Problem(`No film has exactly the title “${title}”.`) : error);
        if (unknown) await offer(title, question);
    }
}

// Titles that are nearly so, a click away.
async function offer(title, question) {
    let titles = [];
    try {
        titles = (await call("GET", `/titles?n=5&near=${encodeURIComponent([...title].slice(0, 256).join(""))}`)).data.titles;
    } catch {
        // There is a message already.
    }
    if (isOver(question)) return;
    const words = titles.length ? "Did you mean one of these?" : "Nothing is called nearly so; the lists below have some.";
    trouble("search-trouble", new Problem(`No film has exactly the title “${title}”. ${words}`));
    $("search-near").replaceChildren(
        ...titles.map((near) => el("li", {}, el("button", { type: "button", onclick: () => byTitle(near) }, near))),
    );
    $("search-near").hidden = !titles.length;
}

// What was wrong with the last question is over.
function clear() {
    trouble("search-trouble", null);
    $("search-near").hidden = true;
}

function arrived(got, focus) {
    const id = idOf(got.data.movie);
    clear();
    show(got.data.movie, got.answer);
    if (location.hash !== `#film/${id}` && focus) history.pushState(null, "", `#film/${id}`);
    if (focus) {
        $("film").scrollIntoView();
        $("film-title").focus({ preventScroll: true });
    }
    say(`${$("film-title").textContent}. ${source(got.answer)}`);
    globalThis.document.dispatchEvent(new CustomEvent("film", { detail: id }));
}

async function seen(id) {
    const got = await call("POST", `/movies/${encodeURIComponent(id)}/views`);
    globalThis.document.dispatchEvent(new CustomEvent("viewed", { detail: got.data }));
}

// There is nothing to show.
export function none() {
    $("film-card").setAttribute("aria-busy", "false");
    $("film-title").textContent = "No film yet";
    $("film-plot").textContent = "Look for one above. An empty database is filled by: mflix generate --load";
}

function failed(error) {
    $("film-card").setAttribute("aria-busy", "false");
    if (!shown) none();
    trouble("search-trouble", error);
}

export function start() {
    $("search").addEventListener("submit", (event) => {
        event.preventDefault();
        const asked = $("query").value.trim();
        if (!asked) {
            questions += 1;
            trouble("search-trouble", new Problem("Type a title or an id first."));
            $("query").focus();
        } else if (/^[0-9a-f]{24}$/i.test(asked)) open(asked.toLowerCase(), { focus: true, view: true });
        else byTitle(asked);
    });
    addEventListener("popstate", () => {
        const id = fromAddress();
        if (id && (!shown || id !== idOf(shown))) open(id);
    });
}

export function fromAddress() {
    const found = location.hash.match(/^#film\/(.+)$/);
    try {
        return found ? decodeURIComponent(found[1]) : null;
    } catch {
        return null;
    }
}
