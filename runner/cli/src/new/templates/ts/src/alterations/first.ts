// A table of tags, each with a slug that is computed here.

import { log, sql, type Database } from "alteration-sdk";
import { slugOf } from "../slug";

const TITLES = ["To do", "In progress"];

// Both run in one transaction with the runner's record: if one throws, nothing of it happened.
export function up(db: Database): void {
  db.execute(sql`
    CREATE TABLE {{table}}_tags (
      id INTEGER PRIMARY KEY,
      title VARCHAR(200) NOT NULL,
      slug VARCHAR(200) NOT NULL UNIQUE
    )`);
  TITLES.forEach((title, at) => {
    // What stands in ${} is bound as a value, whatever it holds.
    db.execute(sql`
      INSERT INTO {{table}}_tags (id, title, slug) VALUES (${at + 1}, ${title}, ${slugOf(title)})`);
  });
  log.info(TITLES.length, "tags");
}

export function down(db: Database): void {
  db.execute(sql`DROP TABLE {{table}}_tags`);
}
