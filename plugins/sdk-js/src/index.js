// What authors import as `alteration-sdk`. Types and their documentation are in index.d.ts.
//
// Everything here can be imported in Node.js too, so that what needs no database can be tested there.

export { DatabaseError } from "./error.js";
export { finished } from "./hooks.js";
export { log, progress } from "./log.js";
export { settings } from "./settings.js";
export { sql } from "./sql.js";
export {
  Value,
  date,
  decimal,
  float,
  json,
  other,
  time,
  timestamp,
  timestamptz,
  uuid,
} from "./value.js";
