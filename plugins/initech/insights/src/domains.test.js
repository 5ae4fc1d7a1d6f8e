// Tests of what needs no host: `npm test`.

import assert from "node:assert/strict";
import test from "node:test";
import { Domains, domainOf } from "./domains.js";

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
  domains.addAll(["a@b.example", null, "c@a.example"], ["2024-02-01", "2020", "2024"]);
  domains.addAll(["d@B.example"], ["2024-01-31"]);
  domains.addAll(["e@a.example"], [null]);
  assert.equal(domains.size, 2);
  assert.equal(domains.without, 1);
  assert.deepEqual(domains.sorted(), [
    { domain: "a.example", customers: 2, firstSeen: "2024" },
    { domain: "b.example", customers: 2, firstSeen: "2024-01-31" },
  ]);
});
