import assert from "node:assert/strict";
import test from "node:test";
import { DatabaseError, finished } from "alteration-sdk";
import { describe, toPayload } from "../src/error.js";
import { fromState, toBytes, toStep } from "../src/hooks.js";
import { rowReader } from "../src/row.js";

test("what is thrown becomes the error that the operator reads", () => {
  const message = (thrown) => toPayload(thrown).message;
  assert.equal(message(new Error("plain")), "plain");
  assert.equal(message(new TypeError("oops")), "TypeError: oops");
  assert.equal(message(new Error("")), "Error");
  assert.equal(message("text"), "the hook threw text");
  assert.equal(message({ a: 1 }), 'the hook threw {"a":1}');
  assert.equal(message(undefined), "the hook threw undefined");
  assert.equal(message(new Error("\ud800")), "\ufffd");
  const denied = { kind: "denied", message: "no", sqlstate: "42501", constraint: "c", retryable: true };
  assert.deepEqual(toPayload(new DatabaseError(denied)), denied);
  assert.equal(toPayload(new Error("x")).kind, "other");
});

test("the log has the stack, and causes that end", () => {
  const inner = new TypeError("inner");
  const outer = new Error("outer", { cause: inner });
  inner.cause = outer;
  const text = describe(outer);
  assert.match(text, /^Error: outer\n {4}at .*hooks\.test\.mjs(.|\n)*\ncaused by TypeError: inner\n/);
  assert.equal(text.match(/caused by/g).length, 4);
  const withoutMessage = Object.assign(new Error("m"), { stack: "    at up (x.js:1)" });
  assert.equal(describe(withoutMessage), "Error: m\n    at up (x.js:1)");
});

test("the state of a step survives", () => {
  for (const state of [{ last: 5, text: "ü\u{1f600}" }, 0, "", null, [1, [2]]]) {
    assert.deepEqual(fromState(toBytes(state)), state);
  }
  assert.equal(fromState(null), null);
  assert.throws(() => toBytes(1n), /stored as JSON: /);
  assert.throws(() => toBytes(undefined), /stored as JSON, which has no undefined/);
});

test("a step says what comes next", () => {
  assert.deepEqual(toStep(finished), { tag: "finished" });
  assert.deepEqual(toStep({ state: 1, done: 2 }), {
    tag: "more",
    val: { state: Uint8Array.of(49), done: 2, total: null },
  });
  // A forgotten `return` is not the end.
  for (const wrong of [undefined, null, true, {}, "finished"]) {
    assert.throws(() => toStep(wrong), /step returns \{ state, done, total \} or `finished`/);
  }
  assert.throws(() => toStep({ state: 1, done: -1 }), /are counts/);
});

test("rows are objects with each column's own name", () => {
  const columns = ["id", "__proto__"].map((name) => ({ name, typeName: "" }));
  const row = rowReader(columns)([{ tag: "int64", val: 1 }, { tag: "text", val: "x" }]);
  assert.deepEqual(Object.entries(row), [["id", 1], ["__proto__", "x"]]);
  assert.throws(() => rowReader([columns[0], columns[0]]), /two columns of the result are called `id`/);
});
