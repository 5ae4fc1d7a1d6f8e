// How a case is found, and how it tells what it saw.

import { sql } from "alteration-sdk";

/** Runs the case `name` of one of the groups; none if none is named. */
export function run(name, groups, db) {
  if (name === null) {
    return undefined;
  }
  const found = groups.find((group) => Object.hasOwn(group, name));
  if (found === undefined) {
    throw new Error(`there is no case ${name}`);
  }
  return found[name](db);
}

/** Notes what a case sees. */
export function see(db, what, value) {
  db.execute(sql`INSERT INTO seen (what, value) VALUES (${what}, ${String(value)})`);
}

/** Notes an error that the SDK itself gives, before the host is asked. */
export function seeError(db, what, call) {
  let seen = "accepted";
  try {
    call();
  } catch (error) {
    seen = `${error.kind}: ${error.message}`;
  }
  see(db, what, seen);
}
