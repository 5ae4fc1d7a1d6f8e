// What a component was built from, written into it, so that building again what has not changed leaves it
// alone.
//
// Needed because the engine's snapshot is not the same twice: it holds random keys of its hash tables. None of
// that is seen by a hook.

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { section } from "./sections.mjs";

const SECTION = "runner:built-from";
const PACKAGE = JSON.parse(fs.readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** Of all that decides what a component does. */
export function digestOf({ code, world, sections, small }, manifest) {
  const parts = [code, world, manifest, JSON.stringify(PACKAGE.dependencies), Buffer.concat(sections)];
  if (small) {
    parts.push("small");
  }
  const hash = crypto.createHash("sha256");
  for (const part of parts) {
    hash.update(`${part.length} `).update(part);
  }
  return hash.digest("hex");
}

/** The component in `folder` that was built from the same, if there is one. */
export function built(folder, digest) {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names
    .filter((name) => name.endsWith(".wasm"))
    .map((name) => path.join(folder, name))
    .find((file) => fs.readFileSync(file).includes(section(SECTION, digest)));
}

/** The component with a custom section that holds the digest. */
export function withDigest(component, digest) {
  return Buffer.concat([component, section(SECTION, digest)]);
}
