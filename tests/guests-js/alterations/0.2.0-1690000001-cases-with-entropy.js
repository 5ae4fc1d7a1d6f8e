// The cases of the list that have the permission `entropy`; the setting `case.entropy` says which one runs.

import { finished, settings } from "alteration-sdk";
import { run } from "../cases/cases.js";
import { replayed, withThePermission } from "../cases/entropy.js";

export const up = (db) => run(settings.get("case.entropy"), [withThePermission], db);

export function step(db) {
  if (settings.get("case.entropy") === "entropy_replayed") {
    replayed(db);
  }
  return finished;
}

export function down() {}
