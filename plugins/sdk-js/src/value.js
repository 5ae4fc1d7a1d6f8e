// Values: from JavaScript to the database and back, one by one and by column.
//
// Checks all it sends, because QuickJS traps on what does not fit, and refuses what would lose something;
// it never rounds, truncates or guesses. Talks to nobody.

import { conversion } from "./error.js";
import { isText } from "./text.js";

/** A value with its type, for what a JavaScript value alone does not say. */
export class Value {
  constructor(tag, val) {
    this.tag = tag;
    this.val = val;
    Object.freeze(this);
  }

  toString() {
    return String(this.val?.text ?? this.val);
  }
}

/** A function that makes values of one type from text, and says at once what it was given instead. */
function textual(tag, pattern, example) {
  return (text) => {
    if (!isText(text) || (pattern && !pattern.test(text))) {
      throw conversion(`${tag}() takes text such as "${example}", not ${shown(text)}`);
    }
    return new Value(tag, text);
  };
}

// Dates, times and uuids are the database's to judge: each knows forms that the others do not.
export const date = textual("date", null, "2024-02-29");
export const time = textual("time", null, "23:59:59");
export const timestamp = textual("timestamp", null, "2024-02-29T23:59:59");
export const uuid = textual("uuid", null, "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d");
const timestamptzOf = textual("timestamptz", null, "2024-02-29T23:59:59Z");
const decimalOf = textual("decimal", /^[+-]?(\d+(\.\d*)?|\.\d+)$/, "12.50");

export function timestamptz(moment) {
  return moment instanceof Date ? instant(moment) : timestamptzOf(moment);
}

export function decimal(digits) {
  return decimalOf(typeof digits === "bigint" ? String(digits) : digits);
}

export function float(number) {
  if (typeof number !== "number") {
    throw conversion(`float() takes a number, not ${shown(number)}`);
  }
  return new Value("float64", number);
}

export function json(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw conversion(`json(): ${error.message}`);
  }
  if (text === undefined) {
    throw conversion(`json() takes what JSON can hold, not ${shown(value)}`);
  }
  return new Value("json", text);
}

export function other(typeName, text) {
  if (!isText(typeName) || !isText(text)) {
    throw conversion(`other() takes two texts, not ${shown(typeName)} and ${shown(text)}`);
  }
  return new Value("other", Object.freeze({ typeName, text }));
}

function instant(moment) {
  if (Number.isNaN(moment.getTime())) {
    throw conversion("an invalid Date");
  }
  return new Value("timestamptz", moment.toISOString());
}

const NULL = Object.freeze({ tag: "null" });

/** Encodes one value; `what` names it in errors. */
export function encode(value, what) {
  switch (typeof value) {
    case "string":
      if (!isText(value)) {
        throw conversion(`${what}: the text holds half a surrogate pair, which no database can store`);
      }
      return { tag: "text", val: value };
    case "number":
      return encodeNumber(value, what);
    case "boolean":
      return { tag: "boolean", val: value };
    case "bigint":
      return isSafe(value)
        ? { tag: "int64", val: Number(value) }
        : { tag: "big-integer", val: String(value) };
    case "undefined":
      throw conversion(`${what} is undefined; NULL is written null`);
    case "object":
      return encodeObject(value, what);
    default:
      throw conversion(`${what}: a ${typeof value} is no value of a database`);
  }
}

function encodeNumber(value, what) {
  // -0 has no place among the integers.
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return { tag: "int64", val: value };
  }
  // Below 2^64 it may be meant as an integer, and may have been rounded before it came here.
  if (Number.isInteger(value) && value !== 0 && Math.abs(value) < 2 ** 64) {
    throw conversion(
      `${what}: ${value} is beyond the integers that a number holds exactly (2^53); use a bigint, or float(${value})`,
    );
  }
  return { tag: "float64", val: value };
}

function encodeObject(value, what) {
  if (value === null) {
    return NULL;
  }
  if (value instanceof Value) {
    return value;
  }
  if (value instanceof Uint8Array) {
    return { tag: "bytes", val: value };
  }
  if (value instanceof ArrayBuffer) {
    return { tag: "bytes", val: new Uint8Array(value) };
  }
  if (value instanceof Date) {
    try {
      return instant(value);
    } catch (error) {
      throw conversion(`${what}: ${error.message}`);
    }
  }
  const hint = Array.isArray(value) ? "sql.join() lists values, json() stores an array" : "json() stores an object";
  throw conversion(`${what}: ${shown(value)} is no value of a database; ${hint}`);
}

/** Encodes the parameters of a statement. */
export function encodeParameters(values) {
  if (!Array.isArray(values)) {
    throw conversion(`parameters are an array, not ${shown(values)}`);
  }
  return Array.from(values, (value, index) => encode(value, `parameter ${index + 1}`));
}

/** What a value of the host's is in JavaScript. */
export function decode(value) {
  switch (value.tag) {
    case "null":
      return null;
    case "big-integer":
      return BigInt(value.val);
    case "bytes":
      return value.val instanceof Uint8Array ? value.val : Uint8Array.from(value.val);
    case "other":
      return value.val.text;
    default:
      return value.val;
  }
}

/** A column of a batch as an array of plain values. */
export function decodeColumn(column) {
  // The typed cases are arrays of plain values and nulls already.
  return column.tag === "mixed" ? column.val.map(decode) : column.val;
}

/** Encodes an array as a column: by type, which is several times faster, where its values are of one. */
export function encodeColumn(values, what) {
  if (!Array.isArray(values)) {
    throw conversion(`${what} is ${shown(values)} instead of an array`);
  }
  const tag = columnTag(values);
  return tag === "mixed"
    ? { tag, val: Array.from(values, (value, row) => encode(value, `${what}, row ${row + 1}`)) }
    : { tag, val: values };
}

function columnTag(values) {
  let tag = null;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null) {
      continue;
    }
    const found = plainTag(value);
    if (found === "mixed" || (tag !== null && tag !== found)) {
      return "mixed";
    }
    tag = found;
  }
  // A column of nulls alone is of any type.
  return tag ?? "int64";
}

function plainTag(value) {
  if (typeof value === "string") {
    return isText(value) ? "text" : "mixed";
  }
  if (typeof value !== "number") {
    return "mixed";
  }
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return "int64";
  }
  return Number.isInteger(value) ? "mixed" : "float64";
}

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

// Of two bigints: QuickJS takes every negative bigint to be at least every negative number (`-2n >= -1`).
function isSafe(integer) {
  return integer >= -SAFE_MAX && integer <= SAFE_MAX;
}

/** A value as errors show it: short, and without what it may hold. */
export function shown(value) {
  if (value === null || ["undefined", "boolean", "number"].includes(typeof value)) {
    return String(value);
  }
  if (Array.isArray(value)) {
    return "an array";
  }
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
