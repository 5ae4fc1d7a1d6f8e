// Results of any size: by rows, by columns, given up, and misused.

import { sql } from "alteration-sdk";
import { see, seeError } from "./cases.js";

const items = (db) => db.cursor("SELECT id, label, size FROM items ORDER BY id");
const small = (db) => db.cursor("SELECT 1 AS n UNION ALL SELECT 2");
const first = (iterable) => iterable[Symbol.iterator]().next();

export const cursors = {
  cursor_rows(db) {
    let sum = 0;
    let nulls = 0;
    for (const { id, label, size } of items(db)) {
      if (size !== id / 2) {
        throw new Error(`${size} is not half of ${id}`);
      }
      sum += id;
      nulls += label === null ? 1 : 0;
    }
    see(db, "sum", sum);
    see(db, "nulls", nulls);
  },

  cursor_batches(db) {
    const lengths = [];
    let sum = 0;
    let nulls = 0;
    for (const batch of items(db).batches(1_000)) {
      lengths.push(batch.length);
      sum += batch.column(0).reduce((one, other) => one + other, 0);
      nulls += batch.column("label").filter((label) => label === null).length;
    }
    see(db, "lengths", lengths.join(" "));
    see(db, "sum", sum);
    see(db, "nulls", nulls);
  },

  cursor_columns(db) {
    const { columns } = db.cursor("SELECT id, label, 1 AS one FROM items");
    see(db, "columns", columns.map(({ name, typeName }) => `${name}:${typeName}`).join(" "));
  },

  cursor_of_nothing(db) {
    const none = () => db.cursor(sql`SELECT id FROM items WHERE id = ${0}`);
    see(db, "rows", [...none()].length);
    see(db, "batches", [...none().batches(5)].length);
  },

  cursor_ended(db) {
    const cursor = items(db);
    for (const _ of cursor);
    see(db, "rows after the end", [...cursor].length);
  },

  // Half read, and left.
  cursor_forgotten(db) {
    see(db, "first", first(items(db)).value.id);
  },

  // The engine cannot close what the host opened, so that there is an end of it.
  cursor_closed(db) {
    for (let count = 0; count < 2_000; count += 1) {
      for (const _ of small(db)) break;
    }
    see(db, "opened", 2_000);
  },

  cursor_many(db) {
    const open = [];
    for (let count = 0; count < 2_000; count += 1) {
      open.push(small(db));
    }
  },

  cursor_while_writing(db) {
    let count = 0;
    for (const { id } of db.cursor("SELECT id FROM items")) {
      db.execute(sql`INSERT INTO items (id) VALUES (${id + 100_000})`);
      count += 1;
    }
    see(db, "read", count);
  },

  cursor_no_such_column(db) {
    const batch = first(items(db).batches(1)).value;
    seeError(db, "by name", () => batch.column("nope"));
    seeError(db, "by position", () => batch.column(3));
  },

  cursor_no_rows_a_batch(db) {
    seeError(db, "0 rows", () => first(items(db).batches(0)));
  },

  cursor_wrong_statement: (db) => db.cursor("SELEC 1"),

  // A row is what it is: nothing is asked for by type.
  cursor_wrong_type(db) {
    const [{ label }] = db.cursor("SELECT label FROM items WHERE id = 2");
    see(db, "text", label);
  },
};
