// The operator's log, and progress. Lines go to the host, which limits and escapes them.

import { conversion } from "./error.js";
import { log as host } from "#host";
import { wellFormed } from "./text.js";
import { shown } from "./value.js";

function level(name) {
  return (...values) => host.log(name, wellFormed(values.map(text).join(" ")));
}

export const log = {
  debug: level("debug"),
  info: level("info"),
  warn: level("warn"),
  error: level("error"),
};

export function progress(done, total = null) {
  const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
  if (!isCount(done) || (total !== null && !isCount(total))) {
    throw conversion(`progress() takes counts, not ${shown(done)} and ${shown(total)}`);
  }
  host.progress(done, total);
}

function text(value) {
  if (typeof value !== "object" || value === null || value instanceof Error) {
    return String(value);
  }
  try {
    return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner));
  } catch {
    return String(value);
  }
}

/** What libraries, and authors while they look for something, write to. */
export const console = {
  debug: log.debug,
  log: log.info,
  info: log.info,
  warn: log.warn,
  error: log.error,
};
