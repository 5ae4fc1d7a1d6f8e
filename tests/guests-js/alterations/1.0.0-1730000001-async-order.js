// Promises as the language has them: order, loops, all ways to wait for several, errors through `await`.

import { log, sql } from "alteration-sdk";
import { equal } from "../equal.js";

const seen = [];

async function say(word, ...rest) {
  seen.push(word);
  await null;
  seen.push(`${word}'`);
  return rest.length > 0 ? say(...rest) : word;
}

async function fail(message) {
  await undefined;
  throw new RangeError(message);
}

async function* count(to) {
  try {
    for (let n = 1; n <= to; n += 1) {
      yield await Promise.resolve(n);
    }
  } finally {
    seen.push("closed");
  }
}

class Lazy {
  #value = 7;
  static async make() {
    return new Lazy();
  }
  async get() {
    return this.#value;
  }
  // A thenable is no promise, and is waited for all the same.
  then = undefined;
}

export async function up(db) {
  await db.execute(sql`CREATE TABLE words (word TEXT)`);
  equal(await Promise.all([say("a", "c"), say("b"), 3]), ["c", "b", 3]);
  equal(seen.splice(0), ["a", "b", "a'", "c", "b'", "c'"]);

  queueMicrotask(() => seen.push("task"));
  Promise.resolve().then(() => seen.push("then"));
  seen.push("now");
  await { then: (resolve) => resolve("thenable") };
  equal(seen.splice(0), ["now", "task", "then"]);

  equal(await Promise.race([new Promise(() => {}), say("r")]), "r");
  equal(await Promise.any([fail("no"), say("y")]), "y");
  const settled = await Promise.allSettled([fail("x"), 1]);
  equal([settled[0].status, settled[0].reason.message, settled[1].value], ["rejected", "x", 1]);
  const none = await Promise.any([fail("1"), fail("2")]).catch((error) => error);
  equal([none.constructor.name, none.errors.map((error) => error.message)], ["AggregateError", ["1", "2"]]);
  seen.length = 0;

  let caught;
  try {
    await fail("thrown");
  } catch (error) {
    caught = error;
  } finally {
    seen.push("finally");
  }
  equal([caught instanceof RangeError, caught.message], [true, "thrown"]);
  equal(await fail("f").finally(() => seen.push("f")).catch(({ message }) => message), "f");
  equal(seen.splice(0), ["finally", "f"]);

  let sum = 0;
  for await (const n of count(10)) {
    sum += n;
    if (n === 4) break;
  }
  for await (const n of [Promise.resolve(5), 6]) sum += n;
  equal([sum, seen.splice(0)], [21, ["closed"]]);
  equal(await Array.fromAsync(count(3), async (n) => n * 2), [2, 4, 6]);
  equal(await (await Lazy.make()).get(), 7);
  const { promise, resolve } = Promise.withResolvers();
  resolve(Promise.resolve("inner"));
  equal(await promise, "inner");

  // A queue that is longer than what is kept of it at once.
  let turns = 0;
  while (turns < 25_000) {
    turns += await 1;
  }
  for (const word of ["one", "two"]) {
    await db.execute(sql`INSERT INTO words VALUES (${word})`);
  }
  // Nobody waits for this one, and it is done before the hook ends.
  (async () => {
    await null;
    await null;
    db.execute(sql`INSERT INTO words VALUES ('three')`);
  })();
  log.info(`${turns} turns`);
}

export const down = async (db) => {
  await Promise.resolve();
  db.execute(sql`DROP TABLE words`);
};
