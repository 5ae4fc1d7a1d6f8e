// Tests of what needs no host: `npm test`.

import assert from "node:assert/strict";
import test from "node:test";
import { Domains, domainOf } from "./domains.js";
import { asHook, texts, values } from "./host.js";

const at = (val) => ({ tag: "timestamp", val });

test("the domain of an address", () => {
  const long = (more) => `a@${"x".repeat(249)}${more}.de`;
  assert.equal(domainOf(long("x")).length, 253);
  assert.equal(domainOf("  Ada@Example.COM "), "example.com");
  for (const email of [null, "", "ada", "@example.com", "ada@", "ada@example", "a@b c.de", long("xx")]) {
    assert.equal(domainOf(email), null, String(email));
  }
});

test("customers add up", () => {
  const domains = new Domains();
  domains.addAll(["a@b.example", null, "c@a.example"], [at("2024-02-01"), at("2020"), at("2024")]);
  domains.addAll(["d@B.example"], [at("2024-01-31")]);
  domains.addAll(["e@a.example"], [{ tag: "null" }]);
  assert.equal(domains.size, 2);
  assert.equal(domains.without, 1);
  assert.deepEqual(domains.sorted(), [
    { domain: "a.example", customers: 2, firstSeen: at("2024") },
    { domain: "b.example", customers: 2, firstSeen: at("2024-01-31") },
  ]);
});

test("columns of every sort", () => {
  assert.deepEqual(texts({ tag: "text", val: ["a", null] }), ["a", null]);
  assert.deepEqual(texts({ tag: "mixed", val: [at("x"), { tag: "null" }] }), ["x", null]);
  assert.deepEqual(values({ tag: "int64", val: [1, null] }), [
    { tag: "int64", val: 1 },
    { tag: "null" },
  ]);
});

test("what is thrown becomes the hook's error, and its stack is logged", () => {
  const lines = [];
  const log = { log: (level, message) => lines.push([level, message]) };
  const thrown = (value) => {
    const hook = asHook(() => {
      throw value;
    }, log);
    try {
      hook();
    } catch (error) {
      return error;
    }
  };
  const denied = { kind: "denied", message: "no" };
  assert.equal(thrown(Object.assign(new Error("no"), { payload: denied })), denied);
  assert.equal(thrown("text").message, "text");
  assert.equal(thrown(new TypeError("oops")).message, "TypeError: oops");
  assert.match(lines[2][1], /^TypeError: oops\n(.|\n)*domains\.test\.js/);
});
