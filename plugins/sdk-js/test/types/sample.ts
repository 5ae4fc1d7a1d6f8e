// What must compile, and, by `@ts-expect-error`, what must not. Checked by `npm test`, never run.

import {
  type Alteration,
  type Database,
  DatabaseError,
  type Step,
  date,
  decimal,
  finished,
  float,
  json,
  log,
  progress,
  settings,
  sql,
  timestamptz,
  uuid,
} from "alteration-sdk";
import * as self from "./sample";

self satisfies Alteration;

export async function up(db: Database, alteration: string): Promise<void> {
  const ids: number[] = [1, 2];
  const filter = ids.length > 0 ? sql`id IN (${sql.join(ids)})` : sql``;
  const rows = db.query<{ id: number; email: string | null }>(sql`SELECT id, email FROM c WHERE ${filter}`);
  const first: string | null | undefined = rows[0]?.email;
  const { n } = db.one<{ n: bigint }>("SELECT count(*) AS n FROM c WHERE id > ?", [1n]);
  const beyond: bigint = n + 1n;
  const outcome = db.execute(sql`UPDATE ${sql.identifier("s", "c")} SET a = ${null}, b = ${new Date()}`);
  const affected: number = outcome.rowsAffected;
  db.execute("INSERT INTO c VALUES (?, ?, ?)", [decimal("1.5"), json({ a: 1 }), uuid("x")]);
  db.script("SELECT 1; SELECT 2");
  for (const { id } of db.cursor<{ id: number }>(sql`SELECT id FROM c`)) progress(id);
  for await (const row of db.cursor(sql`SELECT id FROM c`)) log.info(row.id);
  for (const batch of db.cursor(sql`SELECT id FROM c`).batches(100)) {
    const emails: (string | null)[] = batch.column<string | null>("email");
    progress(emails.length, null);
  }
  const writer = db.bulkWriter("c", ["a", "b"]);
  writer.write([1, date("2024-02-29")]);
  writer.write({ a: float(1), b: timestamptz(new Date()) });
  writer.writeColumns([[1, null], ["x", new Uint8Array()]]);
  const written: number = writer.finish();
  if (db.dialect === "mysql") {
    throw new DatabaseError({ message: `${alteration} ${first} ${beyond} ${affected} ${written}` });
  }
  const region: string = settings.get("REGION") ?? "eu";
  console.log(crypto.randomUUID(), performance.now(), region);

  // @ts-expect-error undefined is no value
  db.execute(sql`SELECT ${undefined}`);
  // @ts-expect-error an object is no value: json()
  db.execute("SELECT ?", [{}]);
  // @ts-expect-error values of a template are in it
  db.query(sql`SELECT 1`, []);
  // @ts-expect-error names are text
  sql.identifier(1);
  // @ts-expect-error a setting that was not given is null
  settings.get("REGION").length;
  // @ts-expect-error no dialect of this name
  db.dialect === "oracle";
  // @ts-expect-error there are no timers
  setTimeout(() => {}, 1);
}

export const down = (db: Database) => db.script(sql`DROP TABLE c`);

export const step: Step<{ last: number }> = (_db, _alteration, state) =>
  state === null ? { state: { last: 1 }, done: 1, total: 2 } : finished;

// @ts-expect-error a step says what comes next
export const forgetful: Step = () => {};
