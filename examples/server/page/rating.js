// SPDX-License-Identifier: Apache-2.0
// Owns: changing the rating, and showing that the cached read and the list have it at once.
import { call, movie } from "./api.js";
import { $, el, say, time, trouble } from "./dom.js";
import { current, idOf, ratingOf, show } from "./film.js";
import { note } from "./strip.js";
import { refreshTop } from "./boards.js";

function step(done, text) {
    return el("li", { class: done ? "done" : "odd" }, text);
}

async function save(event) {
    event.preventDefault();
    const document = current();
    if (!document) return;
    trouble("rate-trouble", null);
    const id = idOf(document);
    const typed = $("rating").value.trim();
    const rating = typed === "" ? null : Number(typed);
    $("rate-steps").replaceChildren();
    try {
        const written = await call("PUT", `/movies/${encodeURIComponent(id)}/rating`, { rating });
        const read = await movie(id);
        note(read.answer, "on");
        show(read.data.movie, read.answer);
        const rows = await refreshTop(id);
        const seen = ratingOf(read.data.movie),
            place = rows.find((row) => row.id === id);
        const from = read.answer.cache === "hit" ? "from the cache" : "from the database";
        $("rate-steps").append(
            step(true, `Written to the database and the cache in ${time(written.ms.cache)}.`),
            step(seen === rating, `Read again ${from} in ${time(read.ms.cache)}: ${seen}.`),
            place
                ? step(
                      place.rating === rating,
                      `On the list of the best: place ${place.rank}, with ${place.rating.toFixed(1)}.`,
                  )
                : step(true, "On the list of the best: not among those shown."),
        );
        say([...$("rate-steps").children].map((item) => item.textContent).join(" "));
    } catch (error) {
        trouble("rate-trouble", error);
    }
}

export function start() {
    $("rating-slide").addEventListener("input", () => {
        $("rating").value = $("rating-slide").value;
    });
    $("rating").addEventListener("input", () => {
        $("rating-slide").value = $("rating").value;
    });
    $("rate").addEventListener("submit", save);
    document.addEventListener("film", () => {
        const rating = ratingOf(current());
        $("rating").value = rating ?? "";
        $("rating-slide").value = rating ?? 5;
        $("rate-steps").replaceChildren();
        trouble("rate-trouble", null);
    });
}
