// The SDK's Promise against the language's own: the same code, run with each, must do the same in the same
// order.

import assert from "node:assert/strict";
import test from "node:test";
import { SyncPromise, queueMicrotask as queued, settle } from "../src/promise.js";

/** Scenarios: functions of a Promise and a way to note what happens. */
const SCENARIOS = {
  chains: (P, note) => {
    P.resolve(1).then((n) => note(n)).then(() => note("second"));
    P.resolve().then(() => note("other"));
    note("sync");
  },
  "a handler that throws": (P, note) =>
    P.resolve().then(() => { throw new Error("x"); }).catch((e) => note(e.message)).then(() => note("after")),
  "values pass what does not handle them": (P, note) =>
    P.resolve(1).catch(() => note("no")).finally(() => note("f")).then(note),
  "errors pass what does not handle them": (P, note) =>
    P.reject(1).then(() => note("no")).finally(() => note("f")).catch(note),
  "finally that throws": (P, note) =>
    P.resolve(1).finally(() => { throw 2; }).catch(note),
  "finally that waits": (P, note) =>
    P.resolve(1).finally(() => P.resolve().then(() => note("waited"))).then(note),
  "promises of promises": (P, note) => {
    new P((resolve) => resolve(P.resolve(P.resolve("deep")))).then(note);
    P.resolve().then(() => note("a")).then(() => note("b")).then(() => note("c"));
  },
  thenables: (P, note) =>
    P.resolve({ then: (resolve, reject) => { resolve(1); reject(2); throw 3; } }).then(note, note),
  "thenables that throw": (P, note) =>
    P.resolve({ get then() { throw "getter"; } }).then(note, note),
  itself: (P, note) => {
    let resolve;
    const p = new P((r) => { resolve = r; });
    resolve(p);
    return p.catch((e) => note(e.constructor.name));
  },
  "only the first counts": (P, note) =>
    new P((resolve, reject) => { resolve(1); reject(2); resolve(3); throw 4; }).then(note, note),
  all: (P, note) => P.all([P.resolve(1), 2, { then: (r) => r(3) }]).then((v) => note(v.join())),
  "all of none": (P, note) => P.all([]).then((v) => note(v.length)),
  "all with a failure": (P, note) => P.all([P.reject("a"), P.reject("b")]).catch(note),
  allSettled: (P, note) => P.allSettled([P.reject("a"), 1]).then((v) => note(JSON.stringify(v))),
  any: (P, note) => P.any([P.reject("a"), P.resolve("b")]).then(note),
  "any of none": (P, note) => P.any([]).catch((e) => note(`${e.constructor.name} ${e.errors.length}`)),
  race: (P, note) => P.race([new P(() => {}), P.reject("r"), P.resolve("s")]).then(note, note),
  "a broken iterable": (P, note) => P.all(7).catch((e) => note(e.constructor.name)),
  withResolvers: (P, note) => {
    const { promise, resolve } = P.withResolvers();
    promise.then(note);
    resolve("later");
  },
};

// Newer than Node.js 20.
const withResolvers = () => {
  let both;
  const promise = new Promise((...given) => { both = given; });
  return { promise, resolve: both[0], reject: both[1] };
};

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(name, async () => {
    const native = [];
    Promise.withResolvers ??= withResolvers;
    scenario(Promise, (what) => native.push(what));
    await new Promise((resolve) => setImmediate(resolve));
    const own = [];
    settle(() => {
      scenario(SyncPromise, (what) => own.push(what));
    });
    assert.ok(native.length > 0);
    assert.deepEqual(own, native);
  });
}

test("settle gives what the hook's promise brings, or throws it", () => {
  assert.equal(settle(() => 1), 1);
  assert.equal(settle(() => SyncPromise.resolve().then(() => 2)), 2);
  assert.throws(() => settle(() => SyncPromise.reject(new RangeError("x"))), RangeError);
  assert.throws(() => settle(() => { throw new RangeError("x"); }), RangeError);
  assert.throws(() => settle(() => new SyncPromise(() => {})), /never settled/);
  // A promise of the engine's own, as `eval` can make: nothing will ever settle it here.
  assert.throws(() => settle(() => Promise.resolve(1)), /never settled/);
});

test("all that was begun is run, and what nobody handled is an error", () => {
  const seen = [];
  settle(() => {
    queued(() => seen.push("task"));
    SyncPromise.resolve().then(() => SyncPromise.resolve()).then(() => seen.push("begun"));
  });
  assert.deepEqual(seen, ["task", "begun"]);
  assert.throws(() => settle(() => { SyncPromise.reject(new Error("lost")); }), (error) => {
    assert.match(error.message, /nobody handled it/);
    assert.equal(error.cause.message, "lost");
    return true;
  });
  settle(() => {
    const late = SyncPromise.reject(new Error("handled later"));
    queued(() => late.catch(() => {}));
  });
  assert.throws(() => new SyncPromise(), TypeError);
  assert.throws(() => queued(1), TypeError);
});

test("a long queue is worked off in its order", () => {
  const seen = [];
  settle(() => {
    for (let n = 0; n < 25_000; n += 1) {
      queued(() => seen.push(n));
    }
  });
  assert.deepEqual(seen, Array.from({ length: 25_000 }, (_, n) => n));
});
