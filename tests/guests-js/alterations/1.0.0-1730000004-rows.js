// Cursors and bulk writers, by rows and by columns; a preparation and a backfill.

import { finished, progress, sql, timestamp } from "alteration-sdk";
import { equal } from "../equal.js";

const ROWS = 12_000;

export async function beforeUp(db) {
  await db.execute(sql`CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT, half DOUBLE, moment TIMESTAMP, doubled INTEGER)`);
}

export async function up(db) {
  const writer = db.bulkWriter("numbers", ["n", "word", "half", "moment"]);
  for (let n = 1; n <= 1500; n += 1) {
    writer.write(n % 2 ? [n, `w${n}`, n / 2, null] : { word: `w${n}`, n, half: n / 2, moment: null });
  }
  for (let from = 1501; from <= ROWS; from += 3500) {
    const ns = Array.from({ length: 3500 }, (_, index) => from + index);
    writer.writeColumns([
      ns,
      ns.map((n) => (n === 2000 ? null : `w${n}`)),
      ns.map((n) => n / 2),
      ns.map((n) => (n === 3000 ? null : timestamp("2024-02-29T12:00:00"))),
    ]);
    progress(from, ROWS);
  }
  equal(writer.finish(), ROWS);

  let sum = 0;
  for (const { n, word } of db.cursor(sql`SELECT n, word FROM numbers WHERE n <= ${5000} ORDER BY n`)) {
    equal(word, n === 2000 ? null : `w${n}`);
    sum += n;
  }
  for await (const { n } of db.cursor(sql`SELECT n FROM numbers WHERE n > 5000 ORDER BY n`)) {
    sum += n;
    if (n === 11_000) break;
  }
  equal(sum, 60_505_500);

  const lengths = [];
  const cursor = db.cursor(sql`SELECT n, half, moment, NULL AS empty FROM numbers ORDER BY n`);
  equal(cursor.columns.map(({ name }) => name), ["n", "half", "moment", "empty"]);
  for (const batch of cursor.batches(4500)) {
    lengths.push(batch.length);
    equal(batch.column("half")[0], batch.column(0)[0] / 2);
    equal(batch.column("empty")[0], null);
    equal(batch.column("moment")[2999], lengths.length === 1 ? null : "2024-02-29T12:00:00");
  }
  equal(lengths, [4500, 4500, 3000]);
}

export function step(db, alteration, state) {
  const { last } = state ?? { last: 0 };
  const next = Math.min(last + 5000, ROWS);
  if (last === ROWS) {
    return finished;
  }
  db.execute(sql`UPDATE numbers SET doubled = n * 2 WHERE n > ${last} AND n <= ${next}`);
  return { state: { last: next, text: "ü" }, done: next, total: ROWS };
}

export function down(db, alteration) {
  equal(alteration.endsWith("-rows"), true);
}

export function beforeDown(db) {
  db.execute(sql`DROP TABLE numbers`);
}
