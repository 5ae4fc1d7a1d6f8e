// Everything in JavaScript that is chance or time.

import { sql } from "alteration-sdk";
import { equal } from "../equal.js";

// Evaluated in the hook, and not when the component was made.
const atTheTop = Math.random();

export function up(db) {
  db.execute(sql`CREATE TABLE chances (what TEXT, value TEXT)`);
  const bytes = crypto.getRandomValues(new Uint8Array(1000));
  const chances = {
    atTheTop,
    uuid: crypto.randomUUID(),
    uuids: crypto.randomUUID(),
    random: Math.random(),
    bytes: bytes.join(),
    words: crypto.getRandomValues(new Uint32Array(2)).join(),
    now: Date.now(),
    date: new Date().toISOString(),
    text: Date(),
    performance: performance.now(),
  };
  equal(new Set(bytes).size > 200, true);
  equal(chances.random >= 0 && chances.random < 1, true);
  equal(new Date(chances.now).toISOString(), chances.date);
  equal(new Date(2024, 0, 2).toISOString(), "2024-01-02T00:00:00.000Z");
  equal([new Date(0) instanceof Date, new Date(0).constructor === Date, Date.UTC(1970, 0)], [true, true, 0]);
  for (const [what, value] of Object.entries(chances)) {
    db.execute(sql`INSERT INTO chances VALUES (${what}, ${String(value)})`);
  }
}

export function down(db) {
  db.execute(sql`DROP TABLE chances`);
}
