// SPDX-License-Identifier: Apache-2.0
// Owns: drawing lines over time into an SVG of the page: axes, lines, bands between two.
// Refuses: to know what they mean.
import { svg } from "./dom.js";

const LEFT = 52, // at least: as much as the longest label needs
    DIGIT = 7.5,
    RIGHT = 8,
    TOP = 8,
    BOTTOM = 20;

function text(words, attributes) {
    const node = svg("text", attributes);
    node.textContent = words;
    return node;
}

// Points of one series as path commands; a gap where a value is null.
function line(values, x, y) {
    let d = "",
        pen = "M";
    values.forEach((value, i) => {
        if (value === null) {
            pen = "M";
            return;
        }
        d += `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
        pen = "L";
    });
    return d;
}

// The area between two series, wherever both are known.
function band(low, high, x, y) {
    let d = "";
    for (let i = 0; i < low.length; i++) {
        const begins = low[i] !== null && high[i] !== null;
        if (!begins) continue;
        let end = i;
        while (end + 1 < low.length && low[end + 1] !== null && high[end + 1] !== null) end++;
        const forth = low.slice(i, end + 1).map((value, k) => `${x(i + k).toFixed(1)} ${y(value).toFixed(1)}`);
        const back = high
            .slice(i, end + 1)
            .map((value, k) => `${x(i + k).toFixed(1)} ${y(value).toFixed(1)}`)
            .reverse();
        d += `M${[...forth, ...back].join("L")}Z`;
        i = end;
    }
    return d;
}

// {points, seconds, ticks: [value], format, log, lines: [{kind, values, dashed}], bands: [{kind, low, high}]}
export function draw(node, { points, seconds, ticks, format, log = false, lines, bands = [] }) {
    const wide = node.clientWidth,
        high = node.clientHeight;
    if (!wide) return;
    const bottom = ticks[0],
        top = ticks[ticks.length - 1];
    const scale = log ? Math.log : (v) => v;
    const left = Math.max(LEFT, ...ticks.map((v) => 14 + DIGIT * format(v).length));
    const x = (i) => left + (i / (points - 1)) * (wide - left - RIGHT);
    const y = (v) => {
        const part = (scale(Math.max(v, bottom)) - scale(bottom)) / (scale(top) - scale(bottom) || 1);
        return high - BOTTOM - Math.min(part, 1) * (high - TOP - BOTTOM);
    };
    node.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    node.replaceChildren(
        ...ticks.flatMap((v) => [
            svg("line", { x1: left, x2: wide - RIGHT, y1: y(v), y2: y(v), class: "grid" }),
            text(format(v), { x: left - 8, y: y(v) + 4, class: "tick", "text-anchor": "end" }),
        ]),
        text(`${seconds} s ago`, { x: left, y: high - 4, class: "tick" }),
        text("now", { x: wide - RIGHT, y: high - 4, class: "tick", "text-anchor": "end" }),
        ...bands.map((b) => svg("path", { d: band(b.low, b.high, x, y), class: `band ${b.kind}` })),
        ...lines.map((l) => svg("path", { d: line(l.values, x, y), class: `line ${l.kind}${l.dashed ? " dashed" : ""}` })),
    );
}

// Ticks from 0 to a round number above `most`.
export function round(most) {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
    const top = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= most) ?? 10 * power;
    return [0, top / 2, top];
}

// Powers of ten from below `least` to above `most`.
export function decades(least, most) {
    const from = Math.floor(Math.log10(Math.max(least, 1e-6))),
        to = Math.max(Math.ceil(Math.log10(Math.max(most, 1e-6))), from + 1);
    return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}
