// SPDX-License-Identifier: Apache-2.0
// Owns: one request to the server: what came back, what it says about the cache, how long it took, and errors in words.

// A request that did not succeed; `message` is for a person.
export class Problem extends Error {
    constructor(message, status = 0, code = "") {
        super(message);
        this.status = status;
        this.code = code;
    }
}

const WORDS = {
    400: "The server did not accept this",
    403: "The server refuses this",
    404: "There is no such thing here",
    409: "This does not go together with what is stored",
    413: "This is too much at once",
    422: "The server did not accept this",
    429: "Too many requests at a time",
    503: "A server behind this one is away",
    504: "A server behind this one took too long",
};

async function problem(response, text) {
    let said = {};
    try {
        said = JSON.parse(text);
    } catch {
        // Not from the server itself, perhaps from a proxy: the status alone has to do.
    }
    const words = WORDS[response.status] || said.title || `The server answered ${response.status}`;
    return new Problem(said.detail ? `${words}: ${said.detail}.` : `${words}.`, response.status, said.code || "");
}

// Milliseconds of one entry of the header Server-Timing; null when it is not there.
function timing(header, name) {
    const found = (header || "").match(new RegExp(`(?:^|,)\\s*${name}\\s*(?:;[^,]*)?;\\s*dur=([0-9.]+)`));
    return found ? Number(found[1]) : null;
}

// As if the database were so many milliseconds away: each of its calls is waited for so much longer, and its figures say so.
let away = 0;
export const setAway = (ms) => (away = ms);

async function farther(answer, ms) {
    const more = away * (answer?.store_calls || 0);
    if (!more) return ms;
    await new Promise((done) => setTimeout(done, more));
    answer.elapsed_us += more * 1000;
    return { cache: ms.cache + more, total: ms.total === null ? null : ms.total + more, browser: ms.browser + more };
}

// {data, answer, ms: {cache, total, browser}}; throws Problem.
export async function call(method, path, body) {
    const begun = performance.now();
    let response, text;
    try {
        response = await fetch(path, {
            method,
            cache: "no-store",
            headers: body === undefined ? {} : { "Content-Type": "application/json" },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        text = await response.text();
    } catch {
        throw new Problem("The server does not answer. Is it still running?");
    }
    const browser = performance.now() - begun;
    if (!response.ok) throw await problem(response, text);
    const data = text ? JSON.parse(text) : {};
    const header = response.headers.get("Server-Timing");
    const answer = data.answer || null;
    const cache = answer ? answer.elapsed_us / 1000 : timing(header, "cache");
    return { data, answer, ms: await farther(answer, { cache, total: timing(header, "total"), browser }) };
}

export const movie = (id, cache = "on") => call("GET", `/movies/${encodeURIComponent(id)}?cache=${cache}`);

// The same path with the cache and without it, as rows for bars(); `first` is the cached answer that was had already.
export async function beside(path, first) {
    const plain = await call("GET", `${path}cache=off`);
    const rows = [{ name: "Database", kind: "off", ms: plain.ms.cache }];
    let cached = first;
    if (first.answer.cache === "miss") {
        rows.push({ name: "First read", kind: "miss", ms: first.ms.cache });
        cached = await call("GET", `${path}cache=on`);
    }
    rows.push({ name: "Cache", kind: cached.answer.cache === "hit" ? "hit" : "off", ms: cached.ms.cache });
    return rows;
}
