// What a hook finds beside the language itself, for a project that has no types of a browser or of Node.js:
// `"types": ["alteration-sdk/globals"]` in its tsconfig.json.
//
// Chance and time need the permission `entropy` in the manifest, `Math.random`, `Date.now` and `new Date()` too.

type ConsoleLine = (...values: unknown[]) => void;

/** Writes to the operator's log. */
declare const console: {
  debug: ConsoleLine;
  log: ConsoleLine;
  info: ConsoleLine;
  warn: ConsoleLine;
  error: ConsoleLine;
};

declare const crypto: {
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
};

/** Stands still while a hook runs. */
declare const performance: { now(): number; readonly timeOrigin: number };

declare function queueMicrotask(run: () => void): void;
