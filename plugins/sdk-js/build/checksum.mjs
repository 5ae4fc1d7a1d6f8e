// What one alteration of several in a component is known by: its module and all that this imports.
//
// Hashes the sources and not what esbuild makes of them, so that a newer esbuild changes no alteration that was
// shipped. Leaves out the SDK for the same reason. Judges nothing: `bundle` says what cannot be built.

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { inputsOf } from "./bundle.mjs";

const SDK = fileURLToPath(new URL("../src/", import.meta.url));
const PACKAGES = /.*[/\\]node_modules[/\\](.*)/s;

/** In hexadecimal; the same wherever the project and its packages lie. */
export async function checksumOf(module, alias) {
  return checksumOfFiles(module, (await inputsOf(module, alias)).filter((file) => !isOfSdk(file)));
}

/** Of a module and the files that it imports, whose order does not count. */
export function checksumOfFiles(module, files) {
  const root = fs.realpathSync(path.dirname(module));
  const imported = files
    .map((file) => ({ file, name: nameOf(root, file) }))
    .sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
  const hash = crypto.createHash("sha256");
  // The module comes first: two that import each other are made of the same files.
  for (const { name, file } of [{ name: path.basename(module), file: module }, ...imported]) {
    const text = withoutReturns(fs.readFileSync(file));
    hash.update(`${name} ${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}

export function isOfSdk(file) {
  return file.startsWith(SDK);
}

/** Whether somebody else wrote it: a package that npm installed. */
export function isOfPackage(file) {
  return PACKAGES.test(file);
}

/** A package is called the same wherever it was installed. */
function nameOf(root, file) {
  const [, inPackage] = file.match(PACKAGES) ?? [];
  return (inPackage ?? path.relative(root, file)).split(path.sep).join("/");
}

/** Git may write the same source with other ends of lines, which JavaScript reads alike. */
function withoutReturns(source) {
  return source.toString("latin1").replaceAll("\r\n", "\n");
}
