import assert from "node:assert/strict";
import test from "node:test";
import { sql } from "alteration-sdk";
import { placeholderOf, render } from "../src/sql.js";
import { script, statement } from "../src/statement.js";

const rendered = (piece, dialect = "postgresql") => {
  const { text, values } = render(piece, {
    placeholder: (number) => placeholderOf(dialect, number),
    quote: (name) => `"${name.replaceAll('"', '""')}"`,
  });
  return [text, ...values];
};

test("values are bound, whatever they hold", () => {
  const evil = "'; DROP TABLE users; --";
  assert.deepEqual(rendered(sql`SELECT ${evil}, ${null} FROM t`), ["SELECT $1, $2 FROM t", evil, null]);
  assert.deepEqual(rendered(sql`SELECT ${1}, ${2}`, "mariadb"), ["SELECT ?, ?", 1, 2]);
  assert.deepEqual(rendered(sql``), [""]);
});

test("pieces nest, and placeholders are numbered in the order of the text", () => {
  const where = sql`a = ${1} AND ${sql`b = ${2}`}`;
  assert.deepEqual(rendered(sql`${0} ${where} ${3}`), ["$1 a = $2 AND b = $3 $4", 0, 1, 2, 3]);
  // A piece can be used twice.
  assert.deepEqual(rendered(sql`${where} OR ${where}`), [
    "a = $1 AND b = $2 OR a = $3 AND b = $4", 1, 2, 1, 2,
  ]);
});

test("names, lists and raw text", () => {
  assert.deepEqual(rendered(sql`${sql.identifier("a", 'b"c')}`), ['"a"."b""c"']);
  assert.deepEqual(rendered(sql`IN (${sql.join([1, 2])})`), ["IN ($1, $2)", 1, 2]);
  assert.deepEqual(rendered(sql.join([sql`a = ${1}`, sql`b`], " AND ")), ["a = $1 AND b", 1]);
  assert.deepEqual(rendered(sql.join(new Set([1, 2]), sql`, `)), ["$1, $2", 1, 2]);
  assert.deepEqual(rendered(sql`${sql.raw("VARCHAR(10)")} NULL`), ["VARCHAR(10) NULL"]);
});

test("what is no SQL is refused", () => {
  const table = [
    [() => sql("SELECT 1"), /sql is a tag/],
    [() => sql`\u`, /backslash/],
    [() => sql.identifier(), /takes names, not nothing/],
    [() => sql.identifier("a", 1), /takes names, not a string, 1/],
    [() => sql.join([]), /of nothing/],
    [() => sql.raw(1), /takes text, not 1/],
    [() => statement(17, []), /SQL is text or sql`…`, not 17/],
    [() => statement(sql`SELECT 1`, []), /no parameters beside it/],
    [() => statement("\ud800"), /half a surrogate pair/],
    [() => script(sql`SELECT ${1}`, { getDialect: () => "sqlite" }), /a script takes no values/],
  ];
  for (const [run, message] of table) {
    assert.throws(run, { kind: "conversion", message });
  }
});
