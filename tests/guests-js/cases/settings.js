// What the operator says, by name.

import { log, settings } from "alteration-sdk";
import { see } from "./cases.js";

export const given = {
  setting_given(db) {
    const value = settings.get("argument");
    see(db, "length", value === null ? null : [...value].length);
    see(db, "argument", value === null ? null : [...value].slice(0, 20).join(""));
  },

  setting_undeclared() {
    settings.get("MORE");
    log.info("it was given more");
  },
};
