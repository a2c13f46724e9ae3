// SPDX-License-Identifier: Apache-2.0
// Owns: any value by key: write it, read it, remove it, and say what that cost.
import { call } from "./api.js";
import { $, say, time, trouble } from "./dom.js";

const path = () => `/values/${encodeURIComponent($("value-key").value.trim())}`;

// What was typed: JSON when it is, else a text.
function typed() {
    const text = $("value-text").value;
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

async function act(does) {
    trouble("value-trouble", null);
    $("value-note").textContent = "";
    try {
        const said = await does();
        $("value-note").textContent = said;
        say(said);
    } catch (error) {
        trouble("value-trouble", error);
    }
}

async function read() {
    const got = await call("GET", path());
    $("value-text").value = typeof got.data.value === "string" ? got.data.value : JSON.stringify(got.data.value);
    return `Answered by ${got.answer.tier} in ${time(got.ms.cache)}: ${got.data.bytes} bytes.`;
}

export function start() {
    $("value").addEventListener("submit", (event) => {
        event.preventDefault();
        act(async () => `Written in ${time((await call("PUT", `${path()}?ttl_ms=60000`, typed())).ms.cache)}, for a minute.`);
    });
    $("value-read").addEventListener("click", () => act(read));
    $("value-remove").addEventListener("click", () =>
        act(async () => `Removed in ${time((await call("DELETE", path())).ms.cache)}.`),
    );
}
