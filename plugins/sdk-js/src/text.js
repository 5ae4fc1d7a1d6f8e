// Text that is none: JavaScript lets half a surrogate pair stand alone, which UTF-8, and so the host, cannot hold.

const HALVES = /\p{Surrogate}/gu;

/** Whether `value` is text, and one that the host can be given. */
export function isText(value) {
  // Node.js 18 has no `isWellFormed`; where it is, it is much faster.
  return typeof value === "string" && (value.isWellFormed?.() ?? value.search(HALVES) === -1);
}

/** The text with what the host cannot be given replaced, for messages. */
export function wellFormed(text) {
  return text.replaceAll(HALVES, "\ufffd");
}
