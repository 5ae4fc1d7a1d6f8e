// What stands for packages and for parts of Node.js, where Node.js itself can be the judge.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import test from "node:test";
import util from "node:util";
import { generateKeyPair } from "../platform/crypto.js";
import { sql } from "../platform/slonik.js";
import { URL as Address } from "../platform/url.js";
import { promisify } from "../platform/util.js";

test("a key is one that Node.js reads, and another each time", async () => {
  const options = { namedCurve: "secp384r1", privateKeyEncoding: { type: "pkcs8", format: "pem" } };
  const made = await Promise.all([1, 2].map(() => promisify(generateKeyPair)("ec", options)));
  const keys = made.map(({ privateKey }) => crypto.createPrivateKey(privateKey));
  for (const [index, key] of keys.entries()) {
    assert.equal(key.asymmetricKeyType, "ec");
    assert.equal(key.asymmetricKeyDetails.namedCurve, "secp384r1");
    // The public half in it belongs to the private one.
    const signature = crypto.sign("sha384", Buffer.from("text"), key);
    assert.ok(crypto.verify("sha384", Buffer.from("text"), crypto.createPublicKey(key), signature));
    assert.equal(key.export({ type: "pkcs8", format: "pem" }), made[index].privateKey);
  }
  assert.notEqual(made[0].privateKey, made[1].privateKey);
  await assert.rejects(util.promisify(generateKeyPair)("rsa", options), /no key of rsa/);
});

test("text and values of SQL stay apart, in their order", () => {
  const condition = sql`tenant_id = ${"a"} and ${sql.identifier(["users", 'odd"name'])} > ${1}`;
  const query = sql`select ${sql.raw("*")} from users where ${condition} and x in (${sql.join([2, sql`now()`, null], sql`, `)})
    and data = ${sql.jsonb({ "it's": [true] })}`;
  assert.equal(
    query.text,
    'select * from users where tenant_id = $1 and "users"."odd""name" > $2 and x in ($3, now(), $4)\n    and data = $5::jsonb',
  );
  assert.deepEqual(query.values, ["a", 1, 2, null, `{"it's":[true]}`]);
  assert.throws(() => sql`${undefined}`, /undefined/);
  assert.throws(() => sql.join([], sql`, `), /at least 1 member/);
});

test("addresses are what those of Node.js are, as far as they go", () => {
  for (const [text, path] of [
    ["http://localhost:3002", "/oidc/token"],
    ["https://EXAMPLE.com/auth", "/auth/api"],
  ]) {
    const [ours, theirs] = [Address, URL].map((Kind) => new Kind(path, new Kind(text)));
    assert.equal(ours.toString(), theirs.toString());
    assert.equal(new Address(text).toString(), new URL(text).toString());
    assert.equal(new Address(text).pathname, new URL(text).pathname);
  }
  assert.throws(() => new Address("nowhere"), TypeError);
});
