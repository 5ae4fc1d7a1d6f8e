// What the build's generated entry imports. The order is what matters: first the globals, then the
// author's modules, which come after this import.

import "./globals.js";

export { exportsOf } from "./hooks.js";
