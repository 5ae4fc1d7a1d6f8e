// Puts the SDK's own in place of what does not work in a snapshotted engine. Imported by the build's entry
// before any code of the author's; never in Node.js.

import { crypto, hookDate, performance, random } from "./entropy.js";
import { console } from "./log.js";
import { SyncPromise, queueMicrotask } from "./promise.js";

function define(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

function refused(name) {
  return () => {
    throw new Error(`${name}() would wait, and nothing passes while a hook runs: it has no timers`);
  };
}

const HookDate = hookDate(Date);
define(HookDate.prototype, "constructor", HookDate);
define(globalThis, "Date", HookDate);
define(SyncPromise, "name", "Promise");
define(globalThis, "Promise", SyncPromise);
define(globalThis, "queueMicrotask", queueMicrotask);
define(globalThis, "console", console);
define(globalThis, "crypto", crypto);
define(globalThis, "performance", performance);
define(Math, "random", random);
for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
  define(globalThis, name, refused(name));
}
// These two are the engine's and use its own promises.
define(Array, "fromAsync", async (items, map = (item) => item) => {
  const array = [];
  for await (const item of items) {
    array.push(await map(item, array.length));
  }
  return array;
});
delete globalThis.AsyncDisposableStack;
