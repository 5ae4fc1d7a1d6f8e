// Every sort of value, there and back.

import { date, decimal, float, json, other, sql, time, timestamp, timestamptz, uuid } from "alteration-sdk";
import { equal } from "../equal.js";

const ID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d";

export function up(db) {
  db.execute(sql`CREATE TABLE everything (
    id INTEGER PRIMARY KEY, flag BOOLEAN, whole BIGINT, real DOUBLE, price DECIMAL(20, 4), words TEXT,
    raw BLOB, day DATE, clock TIME, moment TIMESTAMP, instant TIMESTAMPTZ, uid UUID, doc JSON)`);
  const written = {
    id: 1,
    flag: true,
    whole: 9_223_372_036_854_775_807n,
    real: 0.1,
    price: decimal("12345.25"),
    words: "Grüße, 世界 \u{1f600}\u0000",
    raw: Uint8Array.of(0, 255),
    day: date("2024-02-29"),
    clock: time("23:59:59"),
    moment: timestamp("2024-02-29T23:59:59"),
    instant: new Date(Date.UTC(2024, 1, 29)),
    uid: uuid(ID),
    doc: json({ a: [1, "x"] }),
  };
  const names = Object.keys(written);
  const columns = sql.join(names.map((name) => sql.identifier(name)));
  const outcome = db.execute(
    sql`INSERT INTO everything (${columns}) VALUES (${sql.join(Object.values(written))})`,
  );
  equal(outcome, { rowsAffected: 1, lastInsertId: 1 });
  equal(db.one(sql`SELECT * FROM everything WHERE id = ${1}`), {
    id: 1,
    flag: true,
    whole: 9_223_372_036_854_775_807n,
    real: 0.1,
    price: "12345.25",
    words: "Grüße, 世界 \u{1f600}\u0000",
    raw: Uint8Array.of(0, 255),
    day: "2024-02-29",
    clock: "23:59:59",
    moment: "2024-02-29T23:59:59",
    instant: "2024-02-29T00:00:00.000Z",
    uid: ID,
    doc: '{"a":[1,"x"]}',
  });
  const plain = "SELECT ? AS n, ? AS f, ? AS w, ? AS x, ? AS e, ? AS z, ? AS t, ? AS o, ? AS m";
  const params = [null, false, 2 ** 53 - 1, 1.5, new ArrayBuffer(1), -0, "it's", other("inet", "::1"), timestamptz("2024-02-29T00:00:00Z")];
  equal(db.one(plain, params), {
    n: null,
    f: 0,
    w: 2 ** 53 - 1,
    x: 1.5,
    e: Uint8Array.of(0),
    z: -0,
    t: "it's",
    o: "::1",
    m: "2024-02-29T00:00:00Z",
  });
  equal(db.one(sql`SELECT typeof(${1}) AS i, typeof(${float(1)}) AS f, typeof(${2n ** 60n}) AS b`), {
    i: "integer",
    f: "real",
    b: "integer",
  });
  equal(db.maybeOne(sql`SELECT 1 AS one WHERE ${false}`), null);
  equal(db.query(sql`SELECT 1 AS one UNION SELECT 2`), [{ one: 1 }, { one: 2 }]);
  equal([db.dialect, db.placeholder(2), db.quoteIdentifier('a"b')], ["sqlite", "?", '"a""b"']);
}

export function down(db) {
  db.script("DROP TABLE everything; SELECT 1;");
}
