// Chance and time: everything in JavaScript that is either goes to the host's `entropy`.
//
// The engine is frozen when the component is built, so that its own `Math.random` would give the same
// numbers at every customer.

import { entropy } from "#host";

const BYTES_A_FETCH = 256;
// What the Web's `crypto.getRandomValues` gives at most in one call.
const BYTES_MAX = 65_536;

let pool = new Uint8Array(0);

/** `length` bytes; few at a time are taken from a pool, because each call of the host costs. */
function bytes(length) {
  if (length >= BYTES_A_FETCH) {
    return Uint8Array.from(entropy.randomBytes(length));
  }
  if (pool.length < length) {
    pool = Uint8Array.from(entropy.randomBytes(BYTES_A_FETCH));
  }
  const taken = pool.slice(0, length);
  pool = pool.subarray(length);
  return taken;
}

export function random() {
  const view = new DataView(bytes(8).buffer);
  // 53 bits, as many as a number holds.
  return Number(view.getBigUint64(0) >> 11n) / 2 ** 53;
}

export const crypto = {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof DataView) {
      throw new TypeError("crypto.getRandomValues() takes a typed array of integers");
    }
    if (array.byteLength > BYTES_MAX) {
      throw new RangeError(`crypto.getRandomValues() gives at most ${BYTES_MAX} bytes`);
    }
    const filled = bytes(array.byteLength);
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(filled);
    return array;
  },
  randomUUID() {
    const id = bytes(16);
    // Version 4, variant 1.
    id[6] = (id[6] & 0x0f) | 0x40;
    id[8] = (id[8] & 0x3f) | 0x80;
    const hex = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  },
};

/** Stands still while a hook runs. */
export const performance = {
  get timeOrigin() {
    return entropy.nowMs();
  },
  now() {
    entropy.nowMs();
    return 0;
  },
};

/** A `Date` that is the engine's own, but for the present. */
export function hookDate(NativeDate) {
  const now = () => entropy.nowMs();
  function Date(...parts) {
    if (new.target === undefined) {
      return new NativeDate(now()).toString();
    }
    return Reflect.construct(NativeDate, parts.length > 0 ? parts : [now()], new.target);
  }
  const kept = ["parse", "UTC"].map((name) => [name, NativeDate[name]]);
  for (const [name, value] of [["now", now], ...kept]) {
    Object.defineProperty(Date, name, { value, writable: true, configurable: true });
  }
  Object.defineProperty(Date, "prototype", { value: NativeDate.prototype, writable: false });
  Object.defineProperty(Date, "length", { value: 7, configurable: true });
  return Date;
}
