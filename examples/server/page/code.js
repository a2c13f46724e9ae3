// SPDX-License-Identifier: Apache-2.0
// Owns: under each card the lines that do the same in C, in Python, and by HTTP; with the id that is shown, to be copied as they are.
import { $, el } from "./dom.js";
import { current, idOf } from "./film.js";

const id = () => (current() ? idOf(current()) : "573a1394f29313caabcdfa00");
const curl = (method, path, body = null) =>
    `curl${method === "GET" ? "" : ` -X ${method}`}${body ? ` -H 'Content-Type: application/json' -d '${body}'` : ""} '${location.origin}${path}'`;

// By card: what a C program, a Python program and a shell say. `mc` is an open client, as in the first lines of docs/start.md and docs/python.md.
const CARDS = {
    "film-card": () => [
        `mc_get_movie(mc, "${id()}", &movie, &info, &err);\nputs(mc_movie_title(movie));\nmc_movie_unref(movie);`,
        `movie = mc.get_movie("${id()}")\nprint(movie.title, movie.rating, movie.cache)`,
        curl("GET", `/movies/${id()}`),
    ],
    "race-card": () => [
        `mc_session_open(mc, "read.tiers=store", &past, &err);      /* reads past the cache */\nmc_get_movie(past, "${id()}", &movie, &info, &err);\nprintf("%lld ns\\n", (long long)info.elapsed_ns);`,
        `past = mc.session_open(read_tiers="store")\nfor client in (past, mc):\n    print(client.get_movie("${id()}").cache)`,
        `${curl("GET", `/movies/${id()}?cache=off`)}\n${curl("GET", `/movies/${id()}?cache=on`)}`,
    ],
    "rate-card": () => [
        `mc_update_rating(mc, "${id()}", 9.9, NULL, &info, &err);`,
        `mc.update_rating("${id()}", 9.9)`,
        curl("PUT", `/movies/${id()}/rating`, '{"rating": 9.9}'),
    ],
    "forget-card": () => [
        `mc_invalidate(mc, "${id()}", &info, &err);\nmc_invalidate_all(mc, &info, &err);`,
        `mc.invalidate("${id()}")\nmc.invalidate_all()`,
        `${curl("DELETE", `/cache/movies/${id()}`)}\n${curl("DELETE", "/cache")}`,
    ],
    "top-card": () => [
        `mc_top_movies(mc, 0, 10, &rows, &info, &err);\nfor (size_t i = 0; i < mc_list_size(rows); i++)\n    puts(mc_movie_title(mc_list_movie(rows, i)));`,
        `for row in mc.top_movies(10):\n    print(row.rank, row.score, row.movie.title)`,
        curl("GET", "/movies/top?n=10"),
    ],
    "trending-card": () => [
        `mc_record_view(mc, "${id()}", NULL, &info, &err);\nmc_trending(mc, 10, &rows, &info, &err);`,
        `mc.record_view("${id()}")\nfor row in mc.trending(10):\n    print(row.views, row.movie.title)`,
        `${curl("POST", `/movies/${id()}/views`)}\n${curl("GET", "/movies/trending?n=10")}`,
    ],
    "near-card": () => [
        `mc_nearby_theaters(mc, -73.9857, 40.7577, 50000, 12, &rows, &info, &err);\nfor (size_t i = 0; i < mc_list_size(rows); i++)\n    printf("%.0f m\\n", mc_list_distance_m(rows, i));`,
        `for row in mc.nearby_theaters(-73.9857, 40.7577, radius_m=50000, count=12):\n    print(round(row.distance_m), row.theater.street1)`,
        curl("GET", "/theaters/near?lon=-73.9857&lat=40.7577&radius=50000&n=12"),
    ],
    "value-card": () => [
        `mc_put(mc, "processed_data:device7:today", text, strlen(text), 60000, &info, &err);\nmc_get(mc, "processed_data:device7:today", &value, &size, &info, &err);`,
        `mc.put("processed_data:device7:today", '{"mean": 21.5}', ttl_ms=60000)\nprint(mc.get("processed_data:device7:today"))`,
        `${curl("PUT", "/values/processed_data:device7:today?ttl_ms=60000", '{"mean": 21.5}')}\n${curl("GET", "/values/processed_data:device7:today")}`,
    ],
    "time-card": () => [
        `mc_metrics_prometheus(mc, &text, &err);\nputs(text);\nmc_free(text);`,
        `stats = mc.get_stats()\nprint(stats.reads, stats.hits, f"{stats.hit_ratio:.0%}")`,
        curl("GET", "/metrics"),
    ],
};

function block(name, text) {
    return [el("dt", {}, name), el("dd", {}, el("pre", { tabindex: "0" }, el("code", {}, text)))];
}

function write() {
    for (const [card, lines] of Object.entries(CARDS)) {
        const [c, python, shell] = lines();
        $(`${card}-code`).replaceChildren(...block("C", c), ...block("Python", python), ...block("curl", shell));
    }
}

export function start() {
    for (const card of Object.keys(CARDS))
        $(card).append(
            el(
                "details",
                { class: "code" },
                el("summary", {}, "The code of this: C, Python, curl"),
                el("dl", { id: `${card}-code` }),
            ),
        );
    write();
    document.addEventListener("film", write);
}

// Where the documents and the source can be read, when the server knows.
export function links({ docs, source }) {
    for (const link of document.querySelectorAll("a[data-docs], a[data-source]")) {
        const base = link.dataset.docs ? docs : source;
        if (!base || link.hasAttribute("href")) continue;
        link.href = `${base.replace(/\/$/, "")}/${link.dataset.docs || link.dataset.source}`;
    }
}
