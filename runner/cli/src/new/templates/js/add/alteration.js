// What the alteration is for, in a line.

{{if backfill}}import { finished, sql } from "alteration-sdk";
{{unless backfill}}import { sql } from "alteration-sdk";

// Both run in one transaction with the runner's record: if one throws, nothing of it happened.
export function up(db) {
  db.execute(sql`
    CREATE TABLE {{own}} (
      id INTEGER PRIMARY KEY,
{{if backfill}}      slug VARCHAR(200),
      title VARCHAR(200) NOT NULL
    )`);
}

export function down(db) {
  db.execute(sql`DROP TABLE {{own}}`);
}
{{if preparation}}
{{if preparation}}// Runs before `up`, outside its transaction: for CREATE INDEX CONCURRENTLY and its like.
{{if preparation}}export function beforeUp(db) {}
{{if preparation}}
{{if preparation}}// Runs before `down`, outside its transaction.
{{if preparation}}export function beforeDown(db) {}
{{if backfill}}
{{if backfill}}// Runs after `up`, each step in a short transaction of its own, until it returns `finished`.
{{if backfill}}export function step(db, _alteration, last) {
{{if backfill}}  const rows = db.query(sql`
{{if backfill}}    SELECT id, title FROM {{own}} WHERE id > ${last ?? 0} ORDER BY id LIMIT 1000`);
{{if backfill}}  for (const { id, title } of rows) {
{{if backfill}}    db.execute(sql`UPDATE {{own}} SET slug = ${title.toLowerCase()} WHERE id = ${id}`);
{{if backfill}}  }
{{if backfill}}  // The key says about how far it is, and where the next step begins.
{{if backfill}}  const end = rows.at(-1)?.id;
{{if backfill}}  return end === undefined ? finished : { state: end, done: end };
{{if backfill}}}
