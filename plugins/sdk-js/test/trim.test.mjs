// What is left of the engine in a component. That what is left works is for the guests in the runner's tests.

import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { componentize } from "componentize-qjs";
import { trim } from "../build/trim.mjs";

const SOURCE = "export const hooks = { up() {}, down() {} };";

async function made(optSize) {
  const witPath = path.resolve(fileURLToPath(new URL("..", import.meta.url)), "wit");
  const { component } = await componentize({ witPath, jsSource: SOURCE, world: "alteration", sync: true, optSize });
  return component;
}

test("what nobody can call is left out, once", async () => {
  for (const small of [true, false]) {
    const whole = await made(small);
    const trimmed = trim(whole, { compiler: true });
    assert.ok(trimmed.length < whole.length - 50_000, `${whole.length} ${trimmed.length}`);
    assert.deepEqual(trim(trimmed, { compiler: true }), trimmed);
  }
});

test("the compiler is left out of the small engine, and is found in it", async () => {
  const whole = await made(true);
  const [with_, without] = [true, false].map((compiler) => trim(whole, { compiler }));
  assert.ok(without.length < with_.length - 50_000, `${with_.length} ${without.length}`);
  // Gone, it is not found any more: as with an engine of another release, which keeps its own.
  assert.deepEqual(trim(without, { compiler: false }), without);
  assert.throws(() => trim(whole.subarray(0, 8), { compiler: false }), /one engine was expected/);
});
