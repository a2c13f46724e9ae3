// SPDX-License-Identifier: Apache-2.0
// Owns: the start of the page, in the order in which a visitor needs the parts.
import * as boards from "./boards.js";
import * as code from "./code.js";
import * as film from "./film.js";
import * as live from "./live.js";
import * as race from "./race.js";
import * as rating from "./rating.js";
import { draw } from "./strip.js";
import * as theaters from "./theaters.js";
import * as values from "./values.js";

film.start();
race.start();
rating.start();
values.start();
code.start();
addEventListener("resize", draw);

const films = await boards.start();
const first = film.fromAddress() || films[0]?.id;
if (first) await film.open(first);
else film.none();
await theaters.start();
live.start(films);
await race.others();
