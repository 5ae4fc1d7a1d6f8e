// Errors: what the database said, and how anything thrown becomes the error that the operator reads.

import { wellFormed } from "./text.js";

/**
 * Why a call of the database failed, or why a value could not be sent or read (`kind` is then
 * "conversion").
 */
export class DatabaseError extends Error {
  constructor({ kind = "other", message, sqlstate = null, constraint = null, retryable = false }) {
    super(message);
    this.name = "DatabaseError";
    this.kind = kind;
    this.sqlstate = sqlstate;
    this.constraint = constraint;
    this.retryable = retryable;
  }
}

export function conversion(message) {
  return new DatabaseError({ kind: "conversion", message });
}

/** Calls the host; what it throws becomes a `DatabaseError`. */
export function calling(call) {
  try {
    return call();
  } catch (thrown) {
    // Beside the message that the engine made of it, an error of the host's carries the error itself.
    throw thrown?.payload === undefined ? thrown : new DatabaseError(thrown.payload);
  }
}

/** The error of a hook, as the WIT has it. */
export function toPayload(thrown) {
  const known = thrown instanceof DatabaseError ? thrown : {};
  return {
    kind: known.kind ?? "other",
    message: wellFormed(messageOf(thrown)),
    sqlstate: known.sqlstate ?? null,
    constraint: known.constraint ?? null,
    retryable: known.retryable ?? false,
  };
}

/** What an operator needs beside the message to find the place: stack and causes. */
export function describe(thrown) {
  const lines = [];
  // A cause may be among its own causes.
  for (let error = thrown, depth = 0; error !== undefined && depth < 5; depth += 1) {
    const stack = error instanceof Error && typeof error.stack === "string" ? error.stack : "";
    // QuickJS leaves the message out of the stack, V8 does not.
    const title = stack.startsWith(shown(error)) ? "" : `${shown(error)}\n`;
    lines.push(`${depth === 0 ? "" : "caused by "}${title}${stack}`.trimEnd());
    error = error instanceof Error ? error.cause : undefined;
  }
  return wellFormed(lines.join("\n"));
}

function messageOf(thrown) {
  if (!(thrown instanceof Error)) {
    return `the hook threw ${shown(thrown)}`;
  }
  const isPlain = thrown instanceof DatabaseError || thrown.name === "Error";
  return isPlain && thrown.message !== "" ? String(thrown.message) : shown(thrown);
}

function shown(thrown) {
  try {
    return typeof thrown === "object" && thrown !== null && !(thrown instanceof Error)
      ? JSON.stringify(thrown)
      : String(thrown);
  } catch {
    return "a value without a text";
  }
}
