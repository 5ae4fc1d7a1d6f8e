// From a hook of Logto's to one of the runner's.

import "./globals.js";
import { Pool } from "./pool.js";

export function hook(run) {
  return run && ((db) => run(new Pool(db)));
}
