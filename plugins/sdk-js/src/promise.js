// A `Promise` whose reactions the SDK runs itself, and `settle`, which runs a hook to its very end.
//
// The engine never runs its own queue, so that a hook would "succeed" at its first `await`. The build
// lowers `async` to generators over whatever `Promise` is; this one is. As in the language's own, reactions
// never run before the code that made them has returned.

const queue = [];
const unhandled = new Set();
/** In place of an executor, for a promise that is settled from here: it needs no functions to do so. */
const OWN = Symbol("own");

export class SyncPromise {
  #state = "pending";
  #value;
  #reactions = [];

  constructor(executor) {
    if (executor === OWN) {
      return;
    }
    if (typeof executor !== "function") {
      throw new TypeError("Promise takes a function");
    }
    const { resolve, reject } = this.#resolvers();
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  then(onFulfilled, onRejected) {
    const next = new SyncPromise(OWN);
    this.#react({ next, fulfilled: onFulfilled, rejected: onRejected });
    return next;
  }

  catch(onRejected) {
    return this.then(undefined, onRejected);
  }

  finally(onFinally) {
    if (typeof onFinally !== "function") {
      return this.then(onFinally, onFinally);
    }
    return this.then(
      (value) => SyncPromise.resolve(onFinally()).then(() => value),
      (error) =>
        SyncPromise.resolve(onFinally()).then(() => {
          throw error;
        }),
    );
  }

  get [Symbol.toStringTag]() {
    return "Promise";
  }

  /** Whether it is settled and how; for `settle`. */
  static outcome(promise) {
    return { state: promise.#state, value: promise.#value };
  }

  static resolve(value) {
    if (value instanceof SyncPromise) {
      return value;
    }
    const promise = new SyncPromise(OWN);
    promise.#resolve(value);
    return promise;
  }

  static reject(reason) {
    return new SyncPromise((_, reject) => reject(reason));
  }

  static withResolvers() {
    let resolve;
    let reject;
    const promise = new SyncPromise((...both) => {
      [resolve, reject] = both;
    });
    return { promise, resolve, reject };
  }

  static try(run, ...args) {
    return new SyncPromise((resolve) => resolve(run(...args)));
  }

  static all(promises) {
    return collect(promises, (entry, keep, _, reject) => entry.then(keep, reject));
  }

  static allSettled(promises) {
    return collect(promises, (entry, keep) =>
      entry.then(
        (value) => keep({ status: "fulfilled", value }),
        (reason) => keep({ status: "rejected", reason }),
      ),
    );
  }

  static any(promises) {
    const failed = (errors) => {
      throw new AggregateError(errors, "All promises were rejected");
    };
    return new SyncPromise((resolve, reject) => {
      collect(promises, (entry, keep) => entry.then(resolve, keep)).then(failed).catch(reject);
    });
  }

  static race(promises) {
    return new SyncPromise((resolve, reject) => {
      for (const entry of promises) {
        SyncPromise.resolve(entry).then(resolve, reject);
      }
    });
  }

  #resolvers() {
    let called = false;
    const once = (act) => (value) => {
      if (!called) {
        called = true;
        act(value);
      }
    };
    return {
      resolve: once((value) => this.#resolve(value)),
      reject: once((reason) => this.#settle("rejected", reason)),
    };
  }

  #resolve(value) {
    if (value === this) {
      this.#settle("rejected", new TypeError("a promise was resolved with itself"));
      return;
    }
    const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
    let then;
    try {
      then = isObject ? value.then : undefined;
    } catch (error) {
      this.#settle("rejected", error);
      return;
    }
    if (typeof then !== "function") {
      this.#settle("fulfilled", value);
      return;
    }
    queue.push(() => {
      const { resolve, reject } = this.#resolvers();
      try {
        then.call(value, resolve, reject);
      } catch (error) {
        reject(error);
      }
    });
  }

  #settle(state, value) {
    this.#state = state;
    this.#value = value;
    const reactions = this.#reactions;
    this.#reactions = [];
    if (state === "rejected" && reactions.length === 0) {
      unhandled.add(this);
    }
    for (const reaction of reactions) {
      queue.push(() => this.#run(reaction));
    }
  }

  #react(reaction) {
    unhandled.delete(this);
    if (this.#state === "pending") {
      this.#reactions.push(reaction);
    } else {
      queue.push(() => this.#run(reaction));
    }
  }

  /** Hands over what this promise brought, to the promise that `then` gave. */
  #run(reaction) {
    const handler = reaction[this.#state];
    const { next } = reaction;
    if (typeof handler !== "function") {
      next.#settle(this.#state, this.#value);
      return;
    }
    try {
      next.#resolve(handler(this.#value));
    } catch (error) {
      next.#settle("rejected", error);
    }
  }
}

/** One result for each of `promises`, in their order, once all are kept. */
function collect(promises, watch) {
  return new SyncPromise((resolve, reject) => {
    const results = [];
    let left = 1;
    const done = () => {
      left -= 1;
      if (left === 0) {
        resolve(results);
      }
    };
    for (const entry of promises) {
      const index = results.push(undefined) - 1;
      left += 1;
      const keep = (value) => {
        results[index] = value;
        done();
      };
      watch(SyncPromise.resolve(entry), keep, resolve, reject);
    }
    done();
  });
}

export function queueMicrotask(run) {
  if (typeof run !== "function") {
    throw new TypeError("queueMicrotask takes a function");
  }
  queue.push(run);
}

/** Runs `start` and all that it began; gives what it returned or its promise brought, or throws. */
export function settle(start) {
  const main = SyncPromise.resolve(start());
  // Read by us, so that its rejection is not one that nobody handles.
  unhandled.delete(main);
  for (let next = 0; next < queue.length; next += 1) {
    queue[next]();
    // Long queues are let go of as they are worked off.
    if (next === 10_000) {
      queue.splice(0, next + 1);
      next = -1;
    }
  }
  queue.length = 0;
  const { state, value } = SyncPromise.outcome(main);
  unhandled.delete(main);
  if (state === "rejected") {
    throw value;
  }
  for (const promise of unhandled) {
    unhandled.clear();
    throw new Error("a promise was rejected and nobody handled it", {
      cause: SyncPromise.outcome(promise).value,
    });
  }
  if (state === "pending") {
    throw new Error(
      "the hook never settled: it waits for a promise that nothing is left to resolve",
    );
  }
  return value;
}
