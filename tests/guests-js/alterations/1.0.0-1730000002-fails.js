// Ways for a hook to fail. Which one stands in the table `way`, and none of them may leave anything.

import { log, sql } from "alteration-sdk";

const WAYS = {
  throws: () => null.nothing,
  "throws-text": () => {
    throw "only text";
  },
  rejects: async () => {
    await null;
    throw new Error("rejected after an await", { cause: new TypeError("the cause") });
  },
  "never-settles": () => new Promise(() => {}),
  unhandled: async () => {
    Promise.reject(new Error("nobody looks"));
  },
  timer: () => setTimeout(() => {}, 1),
  "unique-twice": (db) => {
    db.execute(sql`INSERT INTO left_over VALUES (1)`);
    try {
      db.execute(sql`INSERT INTO left_over VALUES (${1})`);
    } catch (error) {
      log.info(`${error.name} ${error.kind} ${error.constraint} ${error.retryable} ${error instanceof Error}`);
      throw error;
    }
  },
  "ignores-errors": (db) => {
    try {
      db.execute("SELECT nothing");
    } catch {
      // The host remembers.
    }
  },
  "undefined-parameter": (db) => db.execute(sql`INSERT INTO left_over VALUES (${1}, ${undefined})`),
  "unsafe-integer": (db) => db.execute(sql`INSERT INTO left_over VALUES (${2 ** 53})`),
  "object-parameter": (db) => db.execute("INSERT INTO left_over VALUES (?)", [{ a: 1 }]),
  "half-a-pair": (db) => db.execute(sql`SELECT ${"\ud800"}`),
  "bad-column": (db) => db.bulkWriter("left_over", ["n"]).writeColumns([[1, "x", undefined]]),
  "narrow-row": (db) => db.bulkWriter("left_over", ["n"]).write([]),
  "unfinished-writer": (db) => db.bulkWriter("left_over", ["n"]).write([1]),
  "same-names": (db) => db.query(sql`SELECT 1 AS a, 2 AS a`),
  "wrong-arguments": (db) => db.query(17),
};

export function up(db) {
  const { way } = db.one(sql`SELECT way FROM ways`);
  db.execute(sql`CREATE TABLE left_over (n INTEGER PRIMARY KEY)`);
  return WAYS[way](db);
}

export function down() {}
