// Single statements, and what differs between databases.

import { log, progress, sql } from "alteration-sdk";
import { see, seeError } from "./cases.js";

export const statements = {
  outcome(db) {
    const inserted = db.execute("INSERT INTO items (id, label) VALUES (7000, 'x')");
    see(db, "insert", `${inserted.rowsAffected} ${inserted.lastInsertId}`);
    see(db, "update", db.execute(sql`UPDATE items SET label = ${"y"} WHERE id > ${2490}`).rowsAffected);
  },

  one_row(db) {
    const to = (id) => sql`SELECT label FROM items WHERE id <= ${id}`;
    see(db, "one", db.one(to(1)).label);
    see(db, "none", db.maybeOne(to(0)) === null);
    seeError(db, "one of none", () => db.one(to(0)));
    seeError(db, "one of two", () => db.one(to(2)));
    seeError(db, "none or one of two", () => db.maybeOne(to(2)));
  },

  row_by_name(db) {
    const rows = db.query("SELECT id, label FROM items WHERE id = 1");
    see(db, "names", rows.columns.map(({ name }) => name).join(" "));
    see(db, "by name", rows[0].label);
    seeError(db, "no such column", () => rows[0].nope);
    seeError(db, "two of a name", () => db.one("SELECT id, id FROM items WHERE id = 1"));
  },

  script(db) {
    db.script("CREATE TABLE scripted (x INTEGER); INSERT INTO scripted VALUES (1), (2);");
    see(db, "rows", db.one("SELECT count(*) AS n FROM scripted").n);
    db.script(sql`DROP TABLE scripted`);
  },

  names(db) {
    see(db, "dialect", db.dialect);
    see(db, "placeholder", db.placeholder(2));
    see(db, "quoted", db.quoteIdentifier('a"b`c'));
  },

  logs() {
    log.debug("a debug line");
    log.info("an info line");
    log.warn("a warn line");
    log.error("an error line");
    log.info("half a pair: \ud800, an escape: \x1b[31m");
    progress(1, 2);
    progress(2);
  },
};
