// What the operator says, by name.

import { log, settings, sql } from "alteration-sdk";
import { equal } from "../equal.js";

export function up(db) {
  for (const wrong of [undefined, 1, "\ud800"]) {
    let refused;
    try {
      settings.get(wrong);
    } catch (error) {
      refused = error.message;
    }
    equal(refused?.startsWith("settings.get() takes a name"), true);
  }
  const region = settings.get("REGION");
  db.execute(sql`CREATE TABLE regions (region TEXT)`);
  db.execute(sql`INSERT INTO regions VALUES (${region})`);
  if (region === "ask for more") {
    settings.get("MORE");
    log.info("it was given more");
  }
}

export function down(db) {
  db.execute(sql`DROP TABLE regions`);
}
