// SPDX-License-Identifier: Apache-2.0
// Owns: the strip of the last reads: one bar for each, as high as it took long.
import { $, svg, time } from "./dom.js";

const KEPT = 80;
const reads = [];
let waiting = false;

// Remember one read. `asked`: "on" or "off", as the cache was asked to take part.
export function note(answer, asked) {
    if (!answer) return;
    const kind =
        asked === "off" || answer.cache === "bypass" || answer.cache === "none"
            ? "off"
            : answer.cache === "hit"
              ? "hit"
              : "miss";
    reads.push({ kind, ms: answer.elapsed_us / 1000 });
    if (reads.length > KEPT) reads.shift();
    if (!waiting) {
        waiting = true;
        requestAnimationFrame(draw);
    }
}

export function draw() {
    waiting = false;
    const node = $("strip");
    const wide = node.clientWidth,
        high = node.clientHeight;
    if (!reads.length || !wide) return;
    // The longest of all would make the others flat: the scale ends at what nine of ten stay below, twice.
    const sorted = reads.map((read) => read.ms).sort((a, b) => a - b);
    const most = Math.min(sorted[sorted.length - 1], sorted[Math.floor(sorted.length * 0.9)] * 2);
    const step = wide / KEPT,
        first = wide - reads.length * step;
    node.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    node.replaceChildren(
        svg("line", { x1: 0, x2: wide, y1: high - 0.5, y2: high - 0.5, class: "axis" }),
        ...reads.map((read, i) => {
            const tall = Math.max(2, (Math.min(read.ms, most) / most) * (high - 4));
            const bar = svg("rect", {
                class: `read ${read.kind}`,
                x: first + i * step + 0.5,
                y: high - 1 - tall,
                width: Math.max(step - 1.5, 1),
                height: tall,
                rx: 1,
            });
            const title = svg("title");
            title.textContent = time(read.ms);
            bar.append(title);
            return bar;
        }),
    );
    const last = reads[reads.length - 1];
    const hits = reads.filter((read) => read.kind === "hit").length;
    node.setAttribute(
        "aria-label",
        `The last ${reads.length} reads: ${hits} answered by the cache; the newest took ${time(last.ms)}`,
    );
}
