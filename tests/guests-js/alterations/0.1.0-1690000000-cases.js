// The JavaScript part of the list of cases that every SDK has to pass: tests/guests/harness/sdk_list.rs.
//
// The setting `case` says which one runs. What a case sees goes into the table `seen`, which the harness made and reads.

import { settings } from "alteration-sdk";
import { run } from "../cases/cases.js";
import { cursors } from "../cases/cursors.js";
import { withoutThePermission } from "../cases/entropy.js";
import { errors } from "../cases/errors.js";
import { given } from "../cases/settings.js";
import { statements } from "../cases/statements.js";
import { values } from "../cases/values.js";
import { writers } from "../cases/writers.js";

export const up = (db) =>
  run(settings.get("case"), [values, statements, errors, cursors, writers, given, withoutThePermission], db);

export function down() {}
