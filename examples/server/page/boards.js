// SPDX-License-Identifier: Apache-2.0
// Owns: the two lists, best rated and most viewed. A click on a row opens the film and counts a view.
import { beside, call } from "./api.js";
import { $, bars, el, plural, time, trouble, why } from "./dom.js";
import { open } from "./film.js";

const PAGE = 10;
let offset = 0;

function row(film, figure, unit, marked) {
    const year = film.year ? String(film.year) : "";
    return el(
        "li",
        {},
        el(
            "button",
            {
                type: "button",
                class: marked ? "entry marked" : "entry",
                onclick: () => open(film.id, { focus: true, view: true }),
            },
            el("span", { class: "rank" }, String(film.rank)),
            el(
                "span",
                { class: "name" },
                el("span", { class: "title" }, film.title || "Without a title"),
                " ",
                el("span", { class: "year" }, year),
            ),
            el("span", { class: "score" }, figure, el("span", { class: "hidden" }, ` ${unit}`)),
        ),
    );
}

// Titles that have been seen are offered by the search field.
function offer(films) {
    const known = new Set([...$("titles").children].map((option) => option.value));
    for (const film of films) {
        if (film.title && !known.has(film.title)) $("titles").append(el("option", { value: film.title }));
        known.add(film.title);
    }
}

function empty(text) {
    return el("li", { class: "none" }, text);
}

// The page of the best rated that is shown now, read again; gives its rows. `marked`: the id of a film that changed.
export async function refreshTop(marked = null) {
    const path = `/movies/top?n=${PAGE}&offset=${offset}&`;
    const got = await call("GET", `${path}cache=on`);
    const films = got.data.movies;
    trouble("top-trouble", null);
    $("top").replaceChildren(...films.map((film) => row(film, (film.rating ?? 0).toFixed(1), "of 10", film.id === marked)));
    if (!films.length)
        $("top").append(
            empty(offset ? "That was the last one." : "No film has a rating yet. Load some: mflix generate --load"),
        );
    $("top").start = offset + 1;
    $("top-range").textContent = films.length ? `${offset + 1} to ${offset + films.length}` : "";
    $("top-before").disabled = offset === 0;
    $("top-after").disabled = films.length < PAGE;
    $("top-card").setAttribute("aria-busy", "false");
    offer(films);
    const rows = await beside(path, got);
    bars($("top-bars"), rows);
    $("top-why").textContent = why(rows);
    return films;
}

export async function refreshTrending() {
    try {
        const got = await call("GET", `/movies/trending?n=${PAGE}`);
        const films = got.data.movies;
        trouble("trending-trouble", null);
        $("trending").replaceChildren(
            ...films.map((film) => row(film, String(film.views), plural(film.views, "view").replace(/^\S+ /, ""), false)),
        );
        if (!films.length) $("trending").append(empty("Nobody has opened a film yet. Open one, and it appears here."));
        $("trending-source").textContent =
            `Opening a film counts as a view. Views are counted in Redis; this list took ${time(got.ms.cache)}.`;
        offer(films);
        return films;
    } catch (error) {
        trouble("trending-trouble", error);
        return [];
    } finally {
        $("trending-card").setAttribute("aria-busy", "false");
    }
}

async function turn(by) {
    const before = offset;
    offset = Math.max(0, offset + by);
    await safely(async () => {
        try {
            await refreshTop();
        } catch (error) {
            offset = before;
            throw error;
        }
    });
}

async function safely(work) {
    try {
        return await work();
    } catch (error) {
        trouble("top-trouble", error);
        $("top-card").setAttribute("aria-busy", "false");
        return [];
    }
}

// Both lists; gives the best rated.
export async function start() {
    $("top-before").addEventListener("click", () => turn(-PAGE));
    $("top-after").addEventListener("click", () => turn(PAGE));
    document.addEventListener("viewed", refreshTrending);
    document.addEventListener("away", () => safely(() => refreshTop()));
    document.addEventListener("forgotten", () => safely(() => refreshTop()));
    const [films, viewed] = await Promise.all([safely(() => refreshTop()), refreshTrending()]);
    return [...films, ...viewed];
}
