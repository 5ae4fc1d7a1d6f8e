// Chance and time: the language's own sources are the host's, and only with the permission.

import { log, sql } from "alteration-sdk";
import { see } from "./cases.js";

const hex = (count) =>
  Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const withoutThePermission = {
  entropy_undeclared: () => log.info(`it was given ${hex(1)}`),
  entropy_undeclared_time: () => log.info(`it was given ${Date.now()}`),
  entropy_undeclared_built_in: () => log.info(`it was given ${Math.random()} ${new Date()}`),
};

export const withThePermission = {
  entropy_declared(db) {
    const [one, other] = [hex(16), hex(16)];
    see(db, "drawn", one);
    see(db, "differs", one !== other);
    see(db, "none", hex(0).length);
    see(db, "stands still", Date.now() === Date.now());
    see(db, "is today", Date.now() > 1_700_000_000_000);
  },

  entropy_built_in(db) {
    see(db, "drawn", `${Math.random()} ${crypto.randomUUID()}`);
    see(db, "one clock", new Date().getTime() === Date.now() && performance.timeOrigin === Date.now());
  },

  // Its step does the work.
  entropy_replayed() {},
};

/** Fails after it has drawn, until the table `mended` has a row. */
export function replayed(db) {
  const drawn = [hex(16), Math.random(), crypto.randomUUID(), Date.now()].join(" ");
  log.info(`drawn ${drawn}.`);
  see(db, "drawn", drawn);
  if (db.one(sql`SELECT count(*) AS n FROM mended`).n === 0) {
    throw new Error("not mended");
  }
}
