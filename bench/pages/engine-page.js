/** A page with nothing but an engine worker: `ask(type, fields)`. */

import { engine } from "./engine.js";

/** @type {any} */ (globalThis).ask = engine(new URL("../orion/", import.meta.url));
