// What the builder answers to `runner build`, and what it refuses.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const BUILD = fileURLToPath(new URL("../build.mjs", import.meta.url));
const BOTH = "export function up() {}\nexport const down = async () => {};\n";
const ONE = "1.0.0-1-one";
const TWO = "1.1.0-2-two";
const FILES = {
  "alteration.json": manifest({ id: ONE }, { id: TWO, irreversible: true }),
  "package.json": { name: "a", license: "MIT" },
  [`src/alterations/${ONE}.js`]: `import { sql } from "alteration-sdk"; import "../shared.js"; import "pack"; ${BOTH} sql;`,
  [`src/alterations/${TWO}.ts`]: 'import type { A } from "../types"; export const up = (): void => {}; export const beforeUp = up, step = up;',
  "src/alterations/two.test.js": "",
  "src/alterations/types.d.ts": "",
  "src/shared.js": 'import "./deep.js";',
  "src/deep.js": "",
  "src/types.ts": "export type A = string;",
  "node_modules/pack/package.json": { name: "pack", main: "index.js" },
  "node_modules/pack/index.js": "",
};

function manifest(...alterations) {
  return { manifest: 1, plugin: "a/b", alterations };
}

/** A project with `files`, gone after the test. */
function project(t, files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "request-"));
  t.after(() => fs.rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries({ ...FILES, ...files })) {
    if (text !== null) {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), typeof text === "string" ? text : JSON.stringify(text));
    }
  }
  fs.symlinkSync(path.dirname(BUILD), path.join(root, "node_modules/alteration-sdk"));
  return root;
}

function ask(root, components = []) {
  const answer = path.join(root, "answer.json");
  const request = { manifest: "alteration.json", answer, components };
  fs.writeFileSync(path.join(root, "request.json"), JSON.stringify(request));
  const args = [BUILD, "--request", "request.json"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return { status, stderr, answer: status === 0 ? JSON.parse(fs.readFileSync(answer, "utf8")) : null };
}

test("all alterations are described", (t) => {
  const { answer, stderr } = ask(project(t, {}));
  assert.equal(stderr, "");
  assert.deepEqual(Object.keys(answer.alterations), [ONE, TWO]);
  const { [ONE]: one, [TWO]: two } = answer.alterations;
  assert.deepEqual(one.files, [`src/alterations/${ONE}.js`, "src/deep.js", "src/shared.js"]);
  assert.deepEqual(two.files, [`src/alterations/${TWO}.ts`]);
  assert.deepEqual(one.hooks, ["up", "down"]);
  assert.deepEqual(two.hooks, ["up", "before-up", "step"]);
  assert.match(one.source, /^[0-9a-f]{64}$/);
});

test("an edit changes the source of what imports it, or the toolchain, and nothing else", (t) => {
  const told = (files) => {
    const { toolchain, alterations } = ask(project(t, files)).answer;
    return [alterations[ONE].source, alterations[TWO].source, toolchain];
  };
  const before = told({});
  const table = [
    [{}, false, false, false],
    [{ "src/deep.js": "let edited;" }, true, false, false],
    [{ [`src/alterations/${TWO}.ts`]: `${FILES[`src/alterations/${TWO}.ts`]} up();` }, false, true, false],
    [{ "src/types.ts": "export type A = number;" }, false, false, false],
    [{ "src/alterations/two.test.js": "let edited;" }, false, false, false],
    [{ "alteration.json": { ...FILES["alteration.json"], release: "2.0.0" } }, false, false, false],
    // A package is not the author's, but a component has it.
    [{ "node_modules/pack/index.js": "let edited;" }, false, false, true],
    [{ "package.json": { name: "a", license: "MIT", "alteration-sdk": { small: true } } }, false, false, true],
    [{ "package.json": { name: "a", license: "ISC" } }, false, false, true],
  ];
  for (const [edit, ...changed] of table) {
    assert.deepEqual(told(edit).map((text, at) => text !== before[at]), changed, JSON.stringify(edit));
  }
});

test("a component carries what it is asked for", (t) => {
  const root = project(t, { "package.json": { "alteration-sdk": { small: true } } });
  const { status, stderr } = ask(root, [
    { output: path.join(root, "one.wasm"), alterations: [ONE] },
    { output: path.join(root, "both.wasm"), alterations: [ONE, TWO] },
  ]);
  assert.equal(stderr, `componentize-qjs: ${ONE}\ncomponentize-qjs: ${ONE}, ${TWO}\n`);
  assert.equal(status, 0);
  const [one, both] = ["one", "both"].map((name) => fs.readFileSync(path.join(root, `${name}.wasm`), "latin1"));
  assert.ok(one.includes(ONE) && !one.includes(TWO) && both.includes(TWO));
  const backfill = "runner:alteration/backfill@0.1.0";
  assert.ok(!one.includes(backfill) && both.includes(backfill));
});

test("options come from package.json", (t) => {
  const root = project(t, {
    "package.json": { "alteration-sdk": { alias: { driver: "src/driver.js" }, preload: ["src/deep.js"] } },
    [`src/alterations/${ONE}.js`]: `import "driver"; ${BOTH}`,
    "src/driver.js": "",
  });
  const { answer } = ask(root);
  assert.deepEqual(answer.alterations[ONE].files, [`src/alterations/${ONE}.js`, "src/driver.js"]);
});

test("what does not fit is refused", (t) => {
  const first = `src/alterations/${ONE}.js`;
  const options = (given) => ({ "package.json": { "alteration-sdk": given } });
  const table = [
    [{ [first]: null }, `alteration.json declares ${ONE}, and there is no src/alterations/${ONE}.js or .ts`],
    [{ "alteration.json": manifest({ id: ONE }) }, `alteration.json declares no alteration ${TWO}, which src/alterations/${TWO}.ts is`],
    [{ "src/alterations/helper.js": "" }, "alteration.json declares no alteration helper"],
    [{ [`src/alterations/${ONE}.ts`]: BOTH }, `src/alterations/${ONE}.js and src/alterations/${ONE}.ts both are ${ONE}`],
    [{ [first]: "export const down = 1;" }, `${first} exports no \`up\`, only down`],
    [{ [first]: "export const up = 1;" }, `${first} exports no \`down\``],
    [{ [`src/alterations/${TWO}.ts`]: BOTH }, `exports a \`down\`, and alteration.json says that ${TWO} is irreversible`],
    [{ [first]: "export function up( {}" }, `${first}:1:23: `],
    [{ "src/shared.js": 'import "./gone.js";' }, "src/shared.js:1:8: Could not resolve"],
    [{ "alteration.json": "{" }, "alteration.json: "],
    [options({ smal: true }), 'package.json: "alteration-sdk": there is no "smal"'],
    [options({ alias: ["a"] }), 'package.json: "alteration-sdk": "alias" is'],
    [options({ preload: "a" }), 'package.json: "alteration-sdk": "preload" is'],
    [options({ small: 1 }), 'package.json: "alteration-sdk": "small" is'],
    [options({ preload: ["gone.js"] }), 'package.json: "alteration-sdk": gone.js is not there'],
  ];
  for (const [files, message] of table) {
    const { status, stderr } = ask(project(t, files));
    assert.equal(status, 1, message);
    assert.ok(stderr.startsWith("error: ") && stderr.includes(message), `${message}\n${stderr}`);
  }
  const unknown = ask(project(t, {}), [{ output: "/nowhere", alterations: ["1.0.0-9-x"] }]);
  assert.match(unknown.stderr, /^error: src\/alterations has no 1\.0\.0-9-x\n$/);
});
