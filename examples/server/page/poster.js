// SPDX-License-Identifier: Apache-2.0
// Owns: a poster drawn from a title: the same title gives the same picture. No poster is ever fetched.
import { svg } from "./dom.js";

// Numbers from 0 to 1 that follow from a text (FNV-1a, then xorshift).
function numbers(text) {
    let state = 2166136261;
    for (const c of text) state = Math.imul(state ^ c.codePointAt(0), 16777619) >>> 0;
    return () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        state >>>= 0;
        return state / 4294967296;
    };
}

const path = (d, fill, opacity = 1) => svg("path", { d, fill, "fill-opacity": opacity });
const disc = (cx, cy, r, fill, opacity = 1) => svg("circle", { cx, cy, r, fill, "fill-opacity": opacity });

function hills(next, c) {
    const parts = [disc(50 + next() * 100, 70 + next() * 50, 22 + next() * 22, c.light)];
    for (let i = 0; i < 4; i++) {
        const y = 140 + i * 28;
        const a = y - 20 - next() * 40,
            b = y + 20 + next() * 20;
        parts.push(path(`M0 ${y}C50 ${a} 90 ${b} 130 ${y - 6}S190 ${a + 14} 200 ${y}V300H0Z`, c.shade(i), 0.95));
    }
    return parts;
}

function skyline(next, c) {
    const parts = [disc(40 + next() * 120, 80, 30, c.light, 0.9)];
    for (let row = 0; row < 3; row++) {
        let d = "";
        for (let x = -6; x < 200;) {
            const wide = 14 + next() * 22,
                high = 110 + row * 45 + next() * 70;
            d += `M${x} 300V${high}h${wide}V300Z`;
            x += wide + (row === 2 ? 4 : 0);
        }
        parts.push(path(d, c.shade(row + 1)));
    }
    return parts;
}

function rings(next, c) {
    const x = 60 + next() * 80,
        y = 90 + next() * 50,
        parts = [];
    for (let i = 6; i > 0; i--) parts.push(disc(x, y, i * 22, i % 2 ? c.light : c.shade(i % 4), 0.55));
    parts.push(disc(x, y, 12, c.deep));
    return parts;
}

function rays(next, c) {
    const x = 30 + next() * 140,
        y = 200,
        parts = [];
    for (let i = 0; i < 14; i += 2) {
        const a = Math.PI * (1 + i / 14),
            b = Math.PI * (1 + (i + 1) / 14);
        parts.push(
            path(
                `M${x} ${y}L${x + 400 * Math.cos(a)} ${y + 400 * Math.sin(a)}L${x + 400 * Math.cos(b)} ${y + 400 * Math.sin(b)}Z`,
                c.light,
                0.4,
            ),
        );
    }
    parts.push(disc(x, y, 40, c.light), path("M0 200H200V300H0Z", c.shade(3)));
    return parts;
}

function waves(next, c) {
    const parts = [disc(60 + next() * 80, 66, 26, c.light)];
    for (let i = 0; i < 5; i++) {
        const y = 120 + i * 30,
            s = 10 + next() * 10;
        let d = `M-20 ${y}`;
        for (let x = -20; x < 220; x += 40) d += `q10 ${-s} 20 0t20 0`;
        parts.push(path(`${d}V300H-20Z`, c.shade(i % 4), 0.9));
    }
    return parts;
}

function cards(next, c) {
    const parts = [];
    for (let i = 0; i < 5; i++) {
        const turn = -30 + next() * 60;
        parts.push(
            svg("rect", {
                x: 50 + next() * 40,
                y: 30 + i * 26,
                width: 70 + next() * 40,
                height: 70 + next() * 40,
                rx: 3,
                fill: i % 2 ? c.light : c.shade(i % 4),
                "fill-opacity": 0.75,
                transform: `rotate(${turn} 100 110)`,
            }),
        );
    }
    return parts;
}

const MOTIFS = [hills, skyline, rings, rays, waves, cards];

// The title in lines of about 15 letters, at most five.
function lines(title) {
    const out = [""];
    for (const word of title.split(/\s+/)) {
        const last = out.length - 1;
        if (out[last] && out[last].length + word.length > 14) out.push(word);
        else out[last] = out[last] ? `${out[last]} ${word}` : word;
    }
    const kept = out.slice(0, 5).map((line) => (line.length > 18 ? `${line.slice(0, 17)}…` : line));
    if (out.length > 5) kept[4] = `${kept[4].slice(0, 14)}…`;
    return kept;
}

export function poster(title, below = "") {
    const next = numbers(title);
    const hue = Math.floor(next() * 360),
        other = (hue + 25 + Math.floor(next() * 50)) % 360;
    const colours = {
        deep: `hsl(${hue} 45% 16%)`,
        light: `hsl(${other} 75% 72%)`,
        shade: (i) => `hsl(${(hue + i * 7) % 360} ${44 - i * 2}% ${46 - i * 8}%)`,
    };
    const motif = MOTIFS[Math.floor(next() * MOTIFS.length)];
    const words = lines(title),
        first = 282 - (below ? 16 : 0) - (words.length - 1) * 21;
    return svg(
        "svg",
        { viewBox: "0 0 200 300", class: "poster-art" },
        svg("rect", { width: 200, height: 300, fill: `hsl(${hue} 42% 32%)` }),
        ...motif(next, colours),
        svg("rect", { y: first - 48, width: 200, height: 348 - first, fill: colours.deep, "fill-opacity": 0.88 }),
        svg("rect", { x: 16, y: first - 34, width: 28, height: 4, fill: colours.light }),
        ...words.map((line, i) => {
            const node = svg("text", { x: 16, y: first + i * 21, class: "poster-title" });
            node.textContent = line;
            return node;
        }),
        (() => {
            const node = svg("text", { x: 16, y: 284, class: "poster-year" });
            node.textContent = below;
            return node;
        })(),
    );
}
