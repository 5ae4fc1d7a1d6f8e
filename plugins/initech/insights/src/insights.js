// initech/insights: how many customers there are by the domain of their e-mail address, and since when.
//
// What a domain is and how customers add up stands in domains.js.

import { log, progress, sql, timestamp } from "alteration-sdk";
import { DOMAIN_LENGTH_MAX, Domains } from "./domains.js";

// As a key, MySQL takes no text without a length; as text, it takes `ü` and `u` for the same.
const MYSQL_DOMAIN = `VARCHAR(${DOMAIN_LENGTH_MAX}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
const DOMAIN_TYPES = {
  sqlite: "TEXT",
  postgresql: "TEXT",
  mysql: MYSQL_DOMAIN,
  mariadb: MYSQL_DOMAIN,
};

export function up(db) {
  db.execute(sql`
    CREATE TABLE insights_domains (
      domain ${sql.raw(DOMAIN_TYPES[db.dialect])} PRIMARY KEY,
      customers INTEGER NOT NULL,
      first_seen TIMESTAMP NULL
    )`);
  const domains = new Domains();
  read(db, domains);
  write(db, domains);
  log.info(`${domains.size} domains; ${domains.without} customers without an e-mail address`);
}

export function down(db) {
  db.execute(sql`DROP TABLE insights_domains`);
}

function read(db, domains) {
  const { total } = db.one(sql`SELECT count(*) AS total FROM customers`);
  const cursor = db.cursor(sql`SELECT email, created_at FROM customers ORDER BY id`);
  let done = 0;
  // By columns, which costs a sixth of what rows do.
  for (const batch of cursor.batches()) {
    domains.addAll(batch.column("email"), batch.column("created_at"));
    done += batch.length;
    progress(done, total);
  }
}

function write(db, domains) {
  const rows = domains.sorted();
  const writer = db.bulkWriter("insights_domains", ["domain", "customers", "first_seen"]);
  writer.writeColumns([
    rows.map((row) => row.domain),
    rows.map((row) => row.customers),
    rows.map((row) => row.firstSeen && timestamp(row.firstSeen)),
  ]);
  writer.finish();
}
