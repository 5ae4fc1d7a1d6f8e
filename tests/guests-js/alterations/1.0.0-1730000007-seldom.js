// Parts of the language that hardly any hook uses, between statements: the runner compiles them only when they
// are called. `tests/scripts/engine-profile` leaves this module out.

import { sql } from "runner-alteration";

function seldom() {
  const view = new DataView(new ArrayBuffer(16));
  view.setFloat32(4, 1.5);
  const bytes = new Uint8Array([1, 2, 3, 4]).copyWithin(0, 2);
  return `${view.getFloat32(4)} ${BigInt.asIntN(8, 255n)} ${bytes} ${Math.hypot(3, 4)}`;
}

// The same chance comes back when the hook is called again, and what was committed by then is not done again.
function around(db, part) {
  const drawn = Math.random();
  db.execute(sql`INSERT INTO seldom VALUES (${part}, ${"before"}, ${String(drawn)})`);
  if (db.dialect === "postgresql" && part === "before-up") {
    db.execute("CREATE INDEX CONCURRENTLY seldom_said ON seldom (said)");
  } else if (db.dialect === "mariadb") {
    db.execute(`CREATE INDEX seldom_${part === "up" ? "drawn" : "said"} ON seldom (${part === "up" ? "drawn" : "said"})`);
  }
  const text = seldom();
  db.execute(sql`INSERT INTO seldom VALUES (${part}, ${text}, ${String(drawn)})`);
}

export function beforeUp(db) {
  db.execute("CREATE TABLE seldom (part VARCHAR(20), said VARCHAR(80), drawn VARCHAR(40))");
  around(db, "before-up");
}

export function up(db) {
  db.execute("CREATE TABLE up_only (n INTEGER)");
  around(db, "up");
}

export function beforeDown() {}

export function down(db) {
  db.execute("DROP TABLE up_only");
  seldom();
  db.execute("DROP TABLE seldom");
}
