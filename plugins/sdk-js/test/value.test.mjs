import assert from "node:assert/strict";
import test from "node:test";
import { date, decimal, float, json, other, timestamptz, uuid } from "alteration-sdk";
import { decode, encode, encodeColumn, encodeParameters } from "../src/value.js";

const refused = (run, message) =>
  assert.throws(run, (error) => {
    assert.equal(error.kind, "conversion");
    assert.match(error.message, message);
    return true;
  });

test("from JavaScript", () => {
  const moment = new Date(Date.UTC(2024, 1, 29));
  const table = [
    [null, { tag: "null" }],
    [true, { tag: "boolean", val: true }],
    [2 ** 53 - 1, { tag: "int64", val: 2 ** 53 - 1 }],
    [-0, { tag: "float64", val: -0 }],
    [0.5, { tag: "float64", val: 0.5 }],
    [Number.NaN, { tag: "float64", val: Number.NaN }],
    [1e300, { tag: "float64", val: 1e300 }],
    [7n, { tag: "int64", val: 7 }],
    [2n ** 53n, { tag: "big-integer", val: "9007199254740992" }],
    [-(2n ** 100n), { tag: "big-integer", val: String(-(2n ** 100n)) }],
    ["ü\u{1f600}", { tag: "text", val: "ü\u{1f600}" }],
    [Uint8Array.of(1), { tag: "bytes", val: Uint8Array.of(1) }],
    [Buffer.from("a"), { tag: "bytes", val: Buffer.from("a") }],
    [Uint8Array.of(1).buffer, { tag: "bytes", val: Uint8Array.of(1) }],
    [moment, { tag: "timestamptz", val: "2024-02-29T00:00:00.000Z" }],
    [timestamptz(moment), { tag: "timestamptz", val: "2024-02-29T00:00:00.000Z" }],
    [date("infinity"), { tag: "date", val: "infinity" }],
    [decimal("-1.50"), { tag: "decimal", val: "-1.50" }],
    [decimal(12n), { tag: "decimal", val: "12" }],
    [float(1), { tag: "float64", val: 1 }],
    [json({ a: [null] }), { tag: "json", val: '{"a":[null]}' }],
    [uuid("x"), { tag: "uuid", val: "x" }],
    [other("inet", "::1"), { tag: "other", val: { typeName: "inet", text: "::1" } }],
  ];
  for (const [value, expected] of table) {
    assert.deepEqual({ ...encode(value, "it") }, expected);
  }
});

test("what is no value is named", () => {
  const table = [
    [undefined, /^parameter 2 is undefined; NULL is written null$/],
    [2 ** 53, /^parameter 2: 9007199254740992 is beyond the integers that a number holds exactly/],
    [-(2 ** 63), /^parameter 2: -9223372036854776000 is beyond/],
    ["\udc00", /^parameter 2: the text holds half a surrogate pair/],
    [{ secret: 1 }, /^parameter 2: an object is no value of a database; json\(\)/],
    [[1], /^parameter 2: an array is no value of a database; sql\.join\(\)/],
    [Symbol("s"), /^parameter 2: a symbol is no value/],
    [() => 1, /^parameter 2: a function is no value/],
    [new Date("x"), /^parameter 2: an invalid Date$/],
  ];
  for (const [value, message] of table) {
    refused(() => encodeParameters([1, value]), message);
  }
  refused(() => encodeParameters([, 1]), /^parameter 1 is undefined/);
  refused(() => encodeParameters("ab"), /^parameters are an array, not a string$/);
  refused(() => decimal(1.5), /^decimal\(\) takes text such as "12.50", not 1.5$/);
  refused(() => decimal("1e5"), /^decimal\(\) takes text/);
  refused(() => date(new Date()), /^date\(\) takes text such as "2024-02-29", not an object$/);
  refused(() => float("1"), /^float\(\) takes a number/);
  refused(() => json(undefined), /^json\(\) takes what JSON can hold/);
  refused(() => json(1n), /^json\(\): /);
  refused(() => other("inet"), /^other\(\) takes two texts/);
});

test("to JavaScript", () => {
  const table = [
    [{ tag: "null" }, null],
    [{ tag: "boolean", val: false }, false],
    [{ tag: "big-integer", val: "-9007199254740993" }, -9007199254740993n],
    [{ tag: "decimal", val: "1.50" }, "1.50"],
    [{ tag: "bytes", val: [1, 2] }, Uint8Array.of(1, 2)],
    [{ tag: "other", val: { typeName: "inet", text: "::1" } }, "::1"],
  ];
  for (const [value, expected] of table) {
    assert.deepEqual(decode(value), expected);
  }
});

test("columns have one type where their values do", () => {
  const tags = [
    [[1, null, 2], "int64"],
    [[0.5, Number.NaN, null], "float64"],
    [["a", null], "text"],
    [[], "int64"],
    [[null], "int64"],
    [[1, 0.5], "mixed"],
    [[1, "a"], "mixed"],
    [[1n], "mixed"],
    [[date("2024-02-29")], "mixed"],
  ];
  for (const [values, tag] of tags) {
    assert.equal(encodeColumn(values, "it").tag, tag, String(values));
  }
  refused(() => encodeColumn([1, 2 ** 60], "column `n`"), /^column `n`, row 2: .* is beyond/);
  refused(() => encodeColumn(["a", "\ud800"], "column `n`"), /^column `n`, row 2: the text holds half/);
  refused(() => encodeColumn({}, "column `n`"), /^column `n` is an object instead of an array$/);
});
