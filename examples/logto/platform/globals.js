// What scripts and their packages expect of Node.js beside its modules.

import { environment } from "./process.js";
import { URL } from "./url.js";

globalThis.URL = URL;
globalThis.process = { env: new Proxy({}, { get: (_, name) => environment(name) }) };
