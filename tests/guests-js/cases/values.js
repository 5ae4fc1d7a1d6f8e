// Every kind of value, there by each way and back by each way.

import { date, decimal, float, json, other, sql, time, timestamp, timestamptz, uuid } from "alteration-sdk";
import { see } from "./cases.js";

const UUID = "6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11";

/** Name, column, value, and the one database that can keep it, if it is one. */
const TABLE = [
  ["null", "whole", null],
  ["true", "flag", true],
  ["false", "flag", false],
  ["zero", "whole", 0],
  ["2^53-1", "whole", 2 ** 53 - 1],
  ["2^53", "whole", 2n ** 53n],
  ["-2^53-1", "whole", -(2n ** 53n) - 1n],
  ["2^63-1", "whole", 2n ** 63n - 1n],
  ["-2^63", "whole", -(2n ** 63n)],
  ["10^30", "exact", 10n ** 30n, "postgresql"],
  ["0.1", "real", 0.1],
  ["-1e300", "real", -1e300],
  ["whole float", "real", float(1)],
  ["infinity", "real", Infinity],
  ["decimal", "exact", decimal("12345.25")],
  ["long decimal", "exact", decimal("-12345678901234567890.1234567891"), "postgresql"],
  ["empty text", "words", ""],
  ["text", "words", "ü€😀'\"\\\n"],
  ["text with NUL", "words", "a\0b", "sqlite"],
  ["no bytes", "raw", new Uint8Array()],
  ["bytes", "raw", Uint8Array.of(0, 255, 128)],
  ["date", "day", date("2024-02-29")],
  ["endless date", "day", date("infinity"), "postgresql"],
  ["time", "clock", time("12:34:56.789")],
  ["timestamp", "moment", timestamp("2024-02-29T23:59:59.123456")],
  ["timestamptz", "instant", timestamptz(new Date(Date.UTC(2024, 1, 29, 23, 59, 59, 123)))],
  ["uuid", "uid", uuid(UUID)],
  ["json", "doc", json({ a: [1, null, "ü"] })],
  ["other", "address", other("inet", "::1")],
];

export const values = {
  values(db) {
    for (const [name, column, sent] of TABLE.filter(([, , , only]) => only === undefined || only === db.dialect)) {
      const named = sql.identifier(column);
      db.execute(sql`INSERT INTO kept_parameter (name, ${named}) VALUES (${name}, ${sent})`);
      const rows = db.bulkWriter("kept_rows", ["name", column]);
      rows.write([name, sent]);
      rows.finish();
      const columns = db.bulkWriter("kept_columns", ["name", column]);
      columns.writeColumns([[name], [sent]]);
      columns.finish();
      const found = [];
      for (const table of ["kept_parameter", "kept_rows", "kept_columns"]) {
        const query = sql`SELECT ${named} AS v FROM ${sql.identifier(table)} WHERE name = ${name}`;
        found.push(described(db.one(query).v));
        for (const batch of db.cursor(query).batches(10)) {
          found.push(...batch.column("v").map(described));
        }
      }
      see(db, name, found.length === 6 && new Set(found).size === 1 ? found[0] : found.join("; "));
    }
  },

  value_unpaired: (db) => db.execute(sql`SELECT ${"\ud800"}`),

  // A number that may have been rounded before the SDK saw it.
  value_rounded: (db) => see(db, "sent as", db.one(sql`SELECT typeof(${2 ** 53}) AS t`).t),

  value_nul: (db) => db.execute(sql`INSERT INTO kept_parameter (name, words) VALUES ('nul', ${"a\0b"})`),
};

function described(value) {
  if (value === null) {
    return "null";
  }
  if (value instanceof Uint8Array) {
    return `Uint8Array ${value.join()}`;
  }
  return `${typeof value} ${typeof value === "string" ? JSON.stringify(value) : value}`;
}
