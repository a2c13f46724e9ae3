// SPDX-License-Identifier: Apache-2.0
// Owns: theaters near a point: the form, the drawing (true direction and distance from the point), the list beside it.
import { beside, call, Problem } from "./api.js";
import { $, bars, el, plural, say, svg, trouble, why } from "./dom.js";

const CITIES = [
    ["New York", -73.9857, 40.7577],
    ["Chicago", -87.6298, 41.8781],
    ["Minneapolis", -93.265, 44.9778],
    ["Houston", -95.3698, 29.7604],
    ["Los Angeles", -118.2437, 34.0522],
    ["Honolulu", -157.8583, 21.3069],
];
const SHOWN = 12;
const EDGE = 178; // of the drawing, from its middle

// A distance in words.
const km = (metres) => (metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(metres < 10000 ? 2 : 1)} km`);

// The direction from one point to another at the start of the way, in radians from north, clockwise.
export function bearing(lon1, lat1, lon2, lat2) {
    const rad = Math.PI / 180;
    const by = (lon2 - lon1) * rad,
        a = lat1 * rad,
        b = lat2 * rad;
    return Math.atan2(Math.sin(by) * Math.cos(b), Math.cos(a) * Math.sin(b) - Math.sin(a) * Math.cos(b) * Math.cos(by));
}

// A round distance in metres (1, 2 or 5 times a power of ten), of which three to seven reach `far`.
function ringStep(far) {
    const most = far / 2.5,
        power = 10 ** Math.floor(Math.log10(most));
    return [5, 2, 1].map((n) => n * power).find((step) => step <= most);
}

function address(theater) {
    const place = [theater.city, theater.state].filter(Boolean).join(", ");
    return (
        [theater.street, [place, theater.zipcode].filter(Boolean).join(" ")].filter(Boolean).join(", ") || "address unknown"
    );
}

function label(text, attributes) {
    const node = svg("text", attributes);
    node.textContent = text;
    return node;
}

// Places (from 1) of the theaters, those at one and the same point together.
function together(found) {
    const points = new Map();
    found.forEach((theater, i) => {
        const key = `${theater.lon.toFixed(4)} ${theater.lat.toFixed(4)}`;
        points.set(key, [...(points.get(key) || []), i + 1]);
    });
    return [...points.values()];
}

function draw(lon, lat, found) {
    const far = Math.max(...found.map((theater) => theater.distance_m), 100);
    const step = ringStep(far),
        rings = Math.ceil(far / step),
        scale = EDGE / (rings * step);
    const parts = [];
    for (let i = rings; i > 0; i--) parts.push(svg("circle", { r: i * step * scale, class: i % 2 ? "ring odd" : "ring" }));
    parts.push(svg("path", { d: `M0 ${-EDGE}V${EDGE}M${-EDGE} 0H${EDGE}`, class: "cross" }));
    for (let i = 1; i <= rings; i++)
        parts.push(
            label(
                km(i * step)
                    .replace(".00", "")
                    .replace(".0", ""),
                { x: 4, y: -i * step * scale + 13, class: "ring-label" },
            ),
        );
    parts.push(label("N", { x: 0, y: -EDGE - 6, class: "north" }));
    // The nearest last, so that it lies on top.
    for (const places of together(found).reverse()) {
        const theater = found[places[0] - 1];
        const angle = bearing(lon, lat, theater.lon, theater.lat),
            r = theater.distance_m * scale;
        const x = r * Math.sin(angle),
            y = -r * Math.cos(angle);
        const words = places.length > 1 ? `${places[0]}–${places[places.length - 1]}` : String(places[0]);
        const half = 7 + words.length * 3;
        parts.push(
            svg(
                "g",
                {
                    class: "pin",
                    "data-places": ` ${places.join(" ")} `,
                    transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})`,
                },
                svg("rect", { x: -half, y: -9.5, width: 2 * half, height: 19, rx: 9.5 }),
                label(words, { y: 3.6 }),
            ),
        );
    }
    parts.push(svg("circle", { r: 5, class: "here" }));
    $("map").replaceChildren(...parts);
    $("map").setAttribute(
        "aria-label",
        found.length
            ? `${plural(found.length, "theater")} around the point, the farthest ${km(far)} away; the list beside it says where`
            : "No theater within this distance",
    );
}

function point(place, on) {
    const pin = $("map").querySelector(`[data-places*=" ${place} "]`);
    if (!pin) return;
    pin.classList.toggle("chosen", on);
    if (on) $("map").append(pin);
}

function row(theater, i) {
    const place = i + 1;
    const entry = el(
        "button",
        { type: "button", class: "entry", onfocus: () => point(place, true), onblur: () => point(place, false) },
        el("span", { class: "rank" }, String(place)),
        el("span", { class: "name" }, address(theater)),
        el("span", { class: "score" }, km(theater.distance_m)),
    );
    entry.addEventListener("mouseenter", () => point(place, true));
    entry.addEventListener("mouseleave", () => point(place, document.activeElement === entry));
    return el("li", {}, entry);
}

// The request for the nearest theaters; the caller adds `cache=`.
export const path = (lon, lat, km) => `/theaters/near?lon=${lon}&lat=${lat}&radius=${km * 1000}&n=${SHOWN}&`;

async function search() {
    trouble("near-trouble", null);
    const asked = [
        ["lon", $("lon").value],
        ["lat", $("lat").value],
        ["radius", $("radius").value],
    ];
    if (asked.some(([, text]) => text.trim() === "")) {
        trouble("near-trouble", new Problem("Longitude, latitude and distance are numbers, such as -73.98, 40.75 and 50."));
        return;
    }
    const [lon, lat, radius] = asked.map(([, text]) => Number(text));
    const asking = path(lon, lat, radius);
    $("near-card").setAttribute("aria-busy", "true");
    for (const choice of $("cities").querySelectorAll("input"))
        choice.checked = choice.value === `${$("lon").value},${$("lat").value}`;
    try {
        const got = await call("GET", `${asking}cache=on`);
        const found = got.data.theaters;
        draw(lon, lat, found);
        $("near-list").replaceChildren(...found.map(row));
        if (!found.length)
            $("near-list").append(
                el("li", { class: "none" }, `No theater within ${radius} km. Try a larger distance, or another city.`),
            );
        say(
            found.length
                ? `${plural(found.length, "theater")}; the nearest is ${km(found[0].distance_m)} away.`
                : "No theater within this distance.",
        );
        const rows = await beside(asking, got);
        bars($("near-bars"), rows);
        $("near-why").textContent = why(rows);
    } catch (error) {
        trouble("near-trouble", error);
    } finally {
        $("near-card").setAttribute("aria-busy", "false");
    }
}

export function start() {
    CITIES.forEach(([name, lon, lat]) => {
        $("cities").append(
            el("label", {}, el("input", { type: "radio", name: "city", value: `${lon},${lat}` }), el("span", {}, name)),
        );
    });
    $("cities").addEventListener("change", (event) => {
        [$("lon").value, $("lat").value] = event.target.value.split(",");
        search();
    });
    document.addEventListener("away", search);
    $("near").addEventListener("submit", (event) => {
        event.preventDefault();
        search();
    });
    [, $("lon").value, $("lat").value] = CITIES[0];
    return search();
}
