// What the build says about sources that cannot be built, and how it takes a folder apart. No component is
// made here: the tests of the runner deploy some.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { bundle } from "../build/bundle.mjs";
import { checksumOf } from "../build/checksum.mjs";
import { built, digestOf, withDigest } from "../build/digest.mjs";
import { alterations } from "../build/sources.mjs";

const BUILD = fileURLToPath(new URL("../build.mjs", import.meta.url));
const BOTH = "export function up() {}\nexport const down = async () => {};\n";

/** A folder with `files`, gone after the test. */
function folder(t, files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "build-"));
  t.after(() => fs.rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), typeof text === "string" ? text : JSON.stringify(text));
  }
  return root;
}

const manifest = (...ids) => ({ manifest: 1, plugin: "a/b", alterations: ids.map((id) => ({ id })) });

function build(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BUILD, ...args], { cwd, encoding: "utf8" });
  return { status, text: stdout + stderr };
}

test("mistakes are named with their file, and nothing is written", (t) => {
  const root = folder(t, {
    "alteration.json": manifest("1.0.0-1-x"),
    "default.js": "export default { up() {} };",
    "nothing.js": "const up = 1;",
    "no_down.js": "export function up() {}",
    "syntax.js": "export function up( {}",
    "missing.js": 'import "./not-there.js"; export function up() {} export function down() {}',
    "top.js": `${BOTH}await null;`,
    "malformed.json": "{",
    "both.js": BOTH,
    "folder/1.0.0-1-other.js": BOTH,
    "empty/README.md": "",
  });
  const table = [
    [["default.js"], /^error: default\.js exports no `up`, only default: write/],
    [["nothing.js"], /^error: nothing\.js exports no `up`, nothing/],
    [["no_down.js"], /^error: no_down\.js exports no `down`: write one, or say `"irreversible": true`/],
    [["syntax.js"], /^error: syntax\.js:1:23: /],
    [["missing.js"], /^error: missing\.js:1:8: Could not resolve/],
    [["top.js"], /^error: top\.js:3:1: Top-level await/],
    [["gone.js"], /^error: gone\.js is not there/],
    [["both.js", "--manifest", "gone.json"], /^error: the manifest gone\.json cannot be read/],
    [["both.js", "--manifest", "malformed.json"], /^error: malformed\.json: /],
    [["both.js", "--bundle"], /^error: both\.js is one module/],
    [["folder"], /^error: alteration\.json declares no alteration 1\.0\.0-1-other, which folder\/1\.0\.0-1-other\.js is/],
    [["empty"], /^error: alteration\.json declares 1\.0\.0-1-x, and there is no empty\/1\.0\.0-1-x\.js/],
  ];
  const before = fs.readdirSync(root);
  for (const [args, message] of table) {
    const { status, text } = build(root, ...args);
    assert.match(text, message);
    assert.equal(status, 1, text);
  }
  for (const args of [[], ["a", "b"], ["a", "--nonsense"]]) {
    assert.equal(build(root, ...args).status, 2);
  }
  assert.deepEqual(fs.readdirSync(root), before);
});

test("a world has what the modules export", async (t) => {
  const root = folder(t, {
    "both.js": BOTH,
    "prepared.ts": `${BOTH}export const beforeUp = (x: number): void => {};`,
    "steps.js": `${BOTH}export * from "./step.js";`,
    "step.js": "export async function step() {}",
    "all.js": `${BOTH}export { up as beforeDown, up as step };`,
  });
  const table = [
    ["both.js", "alteration"],
    ["prepared.ts", "alteration-preparation"],
    ["steps.js", "alteration-backfill"],
    ["all.js", "alteration-complete"],
  ];
  for (const [name, world] of table) {
    const file = path.join(root, name);
    assert.equal((await bundle([{ id: null, file }], new Set())).world, world, name);
  }
});

test("no async function is left, and the globals come first", async (t) => {
  const root = folder(t, {
    "index.js": `
      import { log } from "alteration-sdk";
      const early = "THE AUTHOR'S";
      class A { static async s() {} async #p() { await 1; } async *g() { yield 1; } arrow = async () => this; }
      export async function up() { for await (const x of new A().g()) await x; log.info(early); }
      export const down = async () => {};`,
    "node_modules/alteration-sdk": "",
  });
  fs.rmSync(path.join(root, "node_modules/alteration-sdk"));
  fs.symlinkSync(path.dirname(BUILD), path.join(root, "node_modules/alteration-sdk"));
  const { code } = await bundle([{ id: null, file: path.join(root, "index.js") }], new Set());
  assert.doesNotMatch(code.replaceAll(/\/\/.*/g, ""), /\basync\s*(function|\(|\*|[\w#]+\s*[(=])/);
  // The author's module is a function until its hook is called, and by then the globals are there.
  assert.match(code, /__esm\(\{\s+"[^"]*index\.js"\(\) \{[^]*?early = "THE AUTHOR'S"/);
  assert.match(code, /^define\(globalThis, "Promise"[^]*^var find = \(\) => \(init_\w+\(\), /m);
  assert.equal(code.match(/\bDatabaseError = class\b/g)?.length, 1, "one SDK, not two");
  assert.match(code, /from "runner:alteration\/database@0\.1\.0"/);
});

test("what stands for a package is taken in its place", async (t) => {
  const root = folder(t, {
    "one.js": `import query from "some-driver"; import fs from "node:fs"; ${BOTH} query(fs);`,
    "driver.js": 'export default () => "THE DRIVER";',
    "fs.js": 'export default "THE FILES";',
  });
  const modules = [{ id: null, file: path.join(root, "one.js") }];
  await assert.rejects(bundle(modules, new Set()), /Could not resolve "some-driver"/);
  const alias = { "some-driver": path.join(root, "driver.js"), "node:fs": path.join(root, "fs.js") };
  const { code } = await bundle(modules, new Set(), { alias });
  assert.match(code, /THE DRIVER/);
  assert.match(code, /THE FILES/);
  for (const [given, message] of [
    ["some-driver", /^error: --alias takes NAME=FILE, not some-driver/],
    ["some-driver=gone.js", /^error: --alias some-driver=gone\.js: gone\.js is not there/],
  ]) {
    assert.match(build(root, "one.js", "--alias", given).text, message);
  }
});

test("what is preloaded is evaluated at the build, where there is no chance", (t) => {
  const root = folder(t, {
    "one.js": BOTH,
    "pure.js": 'globalThis.early = "as it is made";',
    "random.js": "globalThis.early = Math.random();",
  });
  const preload = (file) => build(root, "one.js", "--preload", file, "--component", "one.wasm");
  assert.equal(preload("pure.js").status, 0);
  assert.match(fs.readFileSync(path.join(root, "one.wasm"), "latin1"), /as it is made/);
  assert.match(preload("random.js").text, /^error: a module of --preload asks for entropy when it is evaluated/);
});

test("the smaller engine is smaller", (t) => {
  const root = folder(t, { "one.js": BOTH });
  const size = (...options) => {
    assert.equal(build(root, "one.js", ...options, "--component", "one.wasm").status, 0);
    return fs.statSync(path.join(root, "one.wasm")).size;
  };
  assert.ok(size("--small") < size());
});

test("a folder is taken apart, or bundled", async (t) => {
  const ids = ["1.0.0-1-one", "1.0.0-2-two"];
  const root = folder(t, {
    "alteration.json": { ...manifest(...ids), requires: { "c/d": "*" } },
    "alterations/1.0.0-1-one.js": BOTH,
    "alterations/1.0.0-2-two.ts": "export function up() {}",
    "alterations/two.test.js": "",
    "alterations/types.d.ts": "",
    "alterations/README.md": "",
  });
  const given = { manifest: path.join(root, "alteration.json"), bundle: false };
  const read = async ({ manifest }) => JSON.parse(fs.readFileSync(await manifest(root), "utf8"));
  const apart = alterations(path.join(root, "alterations"), given);
  assert.deepEqual(apart.map(({ name }) => name), ids);
  assert.deepEqual(await read(apart[1]), { ...manifest(ids[1]), requires: { "c/d": "*" } });
  const [bundled, ...rest] = alterations(path.join(root, "alterations"), { ...given, bundle: true });
  assert.equal(rest.length, 0);
  const checksums = (await read(bundled)).alterations.map(({ checksum }) => checksum);
  assert.match(checksums[0], /^[0-9a-f]{64}$/);
  assert.deepEqual(checksums, [await checksumOf(bundled.modules[0].file), await checksumOf(bundled.modules[1].file)]);
});

test("a checksum covers what a module imports, and nothing else", async (t) => {
  const files = {
    "alterations/one.js": 'import "../lib/near.js"; import "package"; import "alteration-sdk";',
    "alterations/two.ts": 'import { far } from "../lib/far.js"; export const two: number = far;',
    "lib/near.js": 'import "./far.js";',
    "lib/far.js": "export const far = 1;",
    "lib/unused.js": "",
    "node_modules/package/index.js": "",
    "node_modules/package/package.json": { name: "package", main: "index.js" },
  };
  const checksums = async (root) => {
    fs.symlinkSync(path.dirname(BUILD), path.join(root, "node_modules/alteration-sdk"));
    const of = (name) => checksumOf(path.join(root, "alterations", name));
    return [await of("one.js"), await of("two.ts")];
  };
  const [one, two] = await checksums(folder(t, files));
  const table = [
    // An edit to this changes these.
    [{}, false, false],
    [{ "lib/unused.js": "let edited;" }, false, false],
    [{ "alterations/two.ts": files["alterations/two.ts"].replace("; ", ";\r\n") }, false, true],
    [{ "lib/near.js": `${files["lib/near.js"]} let edited;` }, true, false],
    [{ "lib/far.js": "export const far = 2;" }, true, true],
    [{ "node_modules/package/index.js": "let edited;" }, true, false],
  ];
  for (const [edit, ...changed] of table) {
    const [first, second] = await checksums(folder(t, { ...files, ...edit }));
    assert.deepEqual([first !== one, second !== two], changed, JSON.stringify(edit));
  }
});

test("a checksum tells apart what imports each other, and knows no ends of lines", async (t) => {
  const files = { "one.js": 'import "./two.js";\n', "two.js": 'import "./one.js";\n' };
  const crlf = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace("\n", "\r\n")]));
  const [root, other] = [folder(t, files), folder(t, crlf)];
  const one = await checksumOf(path.join(root, "one.js"));
  assert.notEqual(one, await checksumOf(path.join(root, "two.js")));
  assert.equal(one, await checksumOf(path.join(other, "one.js")));
});

test("a checksum is not the SDK's", async (t) => {
  const sums = [];
  for (const edit of ["", "let edited;"]) {
    const root = folder(t, { "one.js": 'import "alteration-sdk";', "node_modules/.package-lock.json": {} });
    const sdk = path.join(root, "sdk");
    fs.cpSync(path.dirname(BUILD), sdk, { recursive: true, filter: (file) => !/node_modules|wit$/.test(file) });
    fs.symlinkSync(path.join(path.dirname(BUILD), "node_modules"), path.join(sdk, "node_modules"));
    fs.symlinkSync(sdk, path.join(root, "node_modules/alteration-sdk"));
    fs.appendFileSync(path.join(sdk, "src/log.js"), edit);
    const copy = await import(path.join(sdk, "build/checksum.mjs"));
    sums.push(await copy.checksumOf(path.join(root, "one.js")));
  }
  assert.equal(sums[0], sums[1]);
});

test("an irreversible alteration needs no way back", async (t) => {
  const root = folder(t, {
    "alteration.json": { manifest: 1, plugin: "a/b", alterations: [{ id: "1.0.0-1-x", irreversible: true }] },
    "index.js": "export function up() {}",
  });
  const given = { manifest: path.join(root, "alteration.json"), bundle: false };
  const [{ modules, irreversible }] = alterations(path.join(root, "index.js"), given);
  assert.equal((await bundle(modules, irreversible)).world, "alteration");
});

test("what was built from the same is found again", (t) => {
  const bundled = { code: "code", world: "alteration", sections: [] };
  const digest = digestOf(bundled, "manifest");
  const others = [
    digestOf({ ...bundled, code: "cod" }, "emanifest"),
    digestOf({ ...bundled, world: "alteration-backfill" }, "manifest"),
    digestOf(bundled, "another"),
    digestOf({ ...bundled, sections: [Buffer.from("x")] }, "manifest"),
    digestOf({ ...bundled, small: true }, "manifest"),
  ];
  assert.equal(new Set([digest, ...others]).size, 6);
  const root = folder(t, { "a.wasm": "a", "b.txt": "" });
  fs.writeFileSync(path.join(root, "b.wasm"), withDigest(Buffer.from("component"), digest));
  assert.equal(built(root, digest), path.join(root, "b.wasm"));
  assert.equal(built(root, others[0]), undefined);
  assert.equal(built(path.join(root, "absent"), digest), undefined);
});
