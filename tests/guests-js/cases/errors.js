// What fails, what of it can be told, and what the operator reads.

import { DatabaseError, log, settings } from "alteration-sdk";

export const errors = {
  // Runs the statement of the setting `argument`, which fails.
  error_fields(db) {
    try {
      db.query(settings.get("argument"));
    } catch (error) {
      const { kind, sqlstate, constraint, retryable } = error;
      log.info(`caught ${kind}, ${sqlstate ?? "no sqlstate"}, ${constraint ?? "no constraint"}, ${retryable}`);
      throw error;
    }
  },

  error_caught(db) {
    try {
      db.execute("SELECT nothing_of_this_name");
    } catch {
      // The host remembers.
    }
  },

  // An error of the guest's own, of the kind that the setting `argument` names.
  error_of_kind() {
    const kind = settings.get("argument");
    throw new DatabaseError({ kind, message: `made of ${kind}` });
  },

  error_own() {
    throw new Error("the accounts do not balance");
  },

  error_with_cause() {
    try {
      JSON.parse("x");
    } catch (cause) {
      throw new Error("customer 17", { cause });
    }
  },

  error_bug(db) {
    log.info(db.query("SELECT id FROM items WHERE id = 0")[0].id);
  },

  error_odd_text() {
    throw new Error("half a pair: \ud800, an escape: \x1b[31m");
  },
};
