// SPDX-License-Identifier: Apache-2.0
// Owns: making elements (data goes in as text, never as markup), numbers in words, saying things to screen readers.

const SVG = "http://www.w3.org/2000/svg";
export const $ = (id) => document.getElementById(id);

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else if (value !== null && value !== false) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child !== null));
    return node;
}

export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// 0.042 ms, 1.21 ms, 12.4 ms, 598 ms: three digits that mean something.
export function time(ms) {
    if (ms === null || !Number.isFinite(ms)) return "–";
    const digits = ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0;
    return `${ms.toFixed(digits)} ms`;
}

export const count = (n) => n.toLocaleString("en");
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function age(ms) {
    if (ms < 2000) return "just now";
    if (ms < 120000) return `${Math.round(ms / 1000)} seconds ago`;
    return `${Math.round(ms / 60000)} minutes ago`;
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// For those who do not see the page change.
export function say(text) {
    $("said").textContent = text;
}

// An error in words at its place, or none.
export function trouble(id, error) {
    const node = $(id);
    node.hidden = !error;
    node.textContent = error ? error.message : "";
}

// Why a cache is not faster this time, in words; "" when it is.
export function why(rows) {
    const of = (kind) => rows.find((row) => row.kind === kind)?.ms;
    if (!(of("hit") > of("off"))) return "";
    return (
        "Not faster here: this database is so near that it answers about as fast as Redis, and one read more or less makes the difference. " +
        "What a cache is worth shows when the database is farther away: choose that above, and measure again."
    );
}

// Two or more bars on one scale: [{name, kind, ms, note}].
export function bars(node, rows) {
    const most = Math.max(...rows.map((row) => row.ms ?? 0), 1e-9);
    while (node.children.length > rows.length) node.lastChild.remove();
    rows.forEach((row, i) => {
        let line = node.children[i];
        if (!line) {
            line = el(
                "div",
                { class: "bar" },
                el("span", { class: "bar-name" }),
                el("span", { class: "bar-track" }, el("span", { class: "bar-fill" })),
                el("span", { class: "bar-time" }),
                el("span", { class: "bar-note" }),
            );
            node.append(line);
        }
        line.className = `bar ${row.kind}`;
        line.children[0].textContent = row.name;
        line.children[1].firstChild.style.width = `${row.ms === null ? 0 : Math.max((row.ms / most) * 100, 0.5)}%`;
        line.children[2].textContent = time(row.ms);
        line.children[3].textContent = row.note || "";
    });
}

// Who answered, in words.
export function source(answer) {
    if (!answer) return "";
    const took = time(answer.elapsed_us / 1000);
    const flags = answer.flags || [];
    if (answer.cache === "hit") {
        const stale = flags.includes("stale") ? ", older than promised: the database is away" : "";
        return `From the cache in ${took}; read from the database ${age(answer.age_ms)}${stale}.`;
    }
    if (flags.includes("redis_down")) return `From the database in ${took}: the cache is away.`;
    if (flags.includes("quarantined")) return `From the database in ${took}; not kept, because it is being changed.`;
    if (flags.includes("filled")) return `From the database in ${took}, and kept in the cache for the next reader.`;
    return `From the database in ${took}.`;
}
