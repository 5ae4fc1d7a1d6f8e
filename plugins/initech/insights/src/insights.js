// initech/insights: how many customers there are by the domain of their e-mail address, and since when.
//
// Talks to the database through the host's imports; what a domain is and how customers add up stands in
// domains.js. Everything is synchronous: QuickJS never drains promises, so that an `async` hook would
// "succeed" at its first await.

import database from "runner:alteration/database@0.1.0";
import log from "runner:alteration/log@0.1.0";
import { DOMAIN_LENGTH_MAX, Domains } from "./domains.js";
import { asHook, texts, values } from "./host.js";

const ROWS_A_BATCH = 5000;
// As a key, MySQL takes no text without a length; as text, it takes `ü` and `u` for the same.
const MYSQL_DOMAIN = `VARCHAR(${DOMAIN_LENGTH_MAX}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
const DOMAIN_TYPES = {
  sqlite: "TEXT",
  postgresql: "TEXT",
  mysql: MYSQL_DOMAIN,
  mariadb: MYSQL_DOMAIN,
};

function up() {
  database.execute(
    `CREATE TABLE insights_domains (
       domain ${DOMAIN_TYPES[database.getDialect()]} PRIMARY KEY,
       customers INTEGER NOT NULL,
       first_seen TIMESTAMP NULL
     )`,
    [],
  );
  const domains = new Domains();
  read(domains);
  write(domains);
  log.log("info", `${domains.size} domains; ${domains.without} customers without an e-mail address`);
}

function down() {
  database.execute("DROP TABLE insights_domains", []);
}

function read(domains) {
  const total = database.query("SELECT count(*) FROM customers", []).rows[0][0].val;
  const cursor = database.openCursor("SELECT email, created_at FROM customers ORDER BY id", []);
  let done = 0;
  for (;;) {
    const [emails, created] = cursor.nextColumns(ROWS_A_BATCH);
    if (emails === undefined) {
      return;
    }
    domains.addAll(texts(emails), values(created));
    done += emails.val.length;
    log.progress(done, total);
  }
}

function write(domains) {
  const columns = ["domain", "customers", "first_seen"];
  const writer = database.openBulkWriter("insights_domains", columns);
  const rows = domains.sorted();
  for (let at = 0; at < rows.length; at += ROWS_A_BATCH) {
    const batch = rows.slice(at, at + ROWS_A_BATCH);
    writer.writeColumns([
      { tag: "text", val: batch.map((row) => row.domain) },
      { tag: "int64", val: batch.map((row) => row.customers) },
      { tag: "mixed", val: batch.map((row) => row.firstSeen) },
    ]);
  }
  writer.finish();
}

export const hooks = { up: asHook(up, log), down: asHook(down, log) };
