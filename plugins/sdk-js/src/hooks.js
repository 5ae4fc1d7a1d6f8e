// From an author's module to what the component exports: each hook runs to its very end, and what it
// throws becomes the error that the operator reads.

import { Database } from "./database.js";
import { conversion, describe, toPayload } from "./error.js";
import { database, log } from "#host";
import { settle } from "./promise.js";
import { shown } from "./value.js";

/** What `step` returns when there is nothing left to do. */
export const finished = Object.freeze({ finished: true });

/**
 * The exports of a component. `find` evaluates the author's module for the id of an alteration, and gives it.
 */
export function exportsOf(find) {
  const call = (hook, otherwise) => {
    return (alteration, ...args) => {
      try {
        const run = find(alteration)[hook];
        if (run === undefined) {
          return otherwise?.(alteration);
        }
        const result = settle(() => run(new Database(database), alteration, ...args.map(fromState)));
        return hook === "step" ? toStep(result) : undefined;
      } catch (thrown) {
        log.log("error", describe(thrown));
        throw Object.assign(new Error("the hook failed"), { payload: toPayload(thrown) });
      }
    };
  };
  const missing = (alteration) => {
    throw new Error(`${alteration} has no \`down\``);
  };
  return {
    hooks: { up: call("up"), down: call("down", missing) },
    preparation: { beforeUp: call("beforeUp"), beforeDown: call("beforeDown") },
    backfill: { step: call("step", () => ({ tag: "finished" })) },
  };
}

/** A state travels as the UTF-8 of its JSON; the engine has no TextEncoder. */
export function toBytes(state) {
  let json;
  try {
    json = JSON.stringify(state);
  } catch (error) {
    throw conversion(`the state of a step is stored as JSON: ${error.message}`);
  }
  if (json === undefined) {
    throw conversion(`the state of a step is stored as JSON, which has no ${shown(state)}`);
  }
  const latin = unescape(encodeURIComponent(json));
  return Uint8Array.from(latin, (character) => character.charCodeAt(0));
}

export function fromState(bytes) {
  if (bytes === null || bytes === undefined) {
    return null;
  }
  let latin = "";
  for (const byte of bytes) {
    latin += String.fromCharCode(byte);
  }
  return JSON.parse(decodeURIComponent(escape(latin)));
}

/** What a step returned, as the WIT has it. A forgotten `return` must not look like the end. */
export function toStep(result) {
  if (result?.finished === true) {
    return { tag: "finished" };
  }
  const isMore = typeof result === "object" && result !== null && "state" in result;
  if (!isMore) {
    throw conversion(`step returns { state, done, total } or \`finished\`, not ${shown(result)}`);
  }
  const { state, done = 0, total = null } = result;
  for (const count of [done, total ?? 0]) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw conversion("`done` and `total` of a step are counts");
    }
  }
  return { tag: "more", val: { state: toBytes(state), done, total } };
}
