// What a hook of Logto's is given as its pool, connection or transaction, on top of the runner's database.
//
// Answers as slonik does with Logto's settings, because scripts rely on it: names of columns in camelCase, int8 and
// numeric as numbers, timestamps as milliseconds, json as what it holds. Other than slonik it leaves white space and
// comments as they were written, inside of literals too. Leaves out what no script uses.

import camelcase from "camelcase";

/** How a column's text becomes a value, by PostgreSQL's name of its type. */
const PARSERS = {
  bigint: Number,
  numeric: Number,
  "timestamp without time zone": (text) => milliseconds(`${text}Z`),
  "timestamp with time zone": milliseconds,
  json: JSON.parse,
  jsonb: JSON.parse,
};
const SNAKE_CASE = /^[a-z0-9_]+$/;
/** Statements that return no rows unless they say `returning`: the runner counts the rows that they change. */
const NO_ROWS = /^\s*(create|alter|drop|comment|grant|revoke|insert|update|delete|analyze|truncate)\b/i;

export class Pool {
  #db;

  constructor(db) {
    this.#db = db;
  }

  async query({ text, values }) {
    if (values.length === 0 && isSeveral(text)) {
      this.#db.script(text);
      return {
        get rows() {
          throw new Error(`several statements return no rows: ${text}`);
        },
      };
    }
    if (NO_ROWS.test(text) && !text.toLowerCase().includes("returning")) {
      this.#db.execute(text, values);
      return { rows: [] };
    }
    const rows = this.#db.query(text, values);
    return { rows: rows.map(readerOf(rows.columns)) };
  }

  async any(query) {
    const { rows } = await this.query(query);
    return rows;
  }

  async many(query) {
    const rows = await this.any(query);
    if (rows.length === 0) {
      throw new Error(`Resource not found: ${query.text}`);
    }
    return rows;
  }

  async maybeOne(query) {
    const rows = await this.any(query);
    if (rows.length > 1) {
      throw new Error(`Query returned ${rows.length} rows where one was expected: ${query.text}`);
    }
    return rows[0] ?? null;
  }

  async one(query) {
    const row = await this.maybeOne(query);
    if (row === null) {
      throw new Error(`Resource not found: ${query.text}`);
    }
    return row;
  }

  async exists(query) {
    const { rows } = await this.query({ text: `SELECT EXISTS(${query.text})`, values: query.values });
    return rows[0].exists;
  }
}

/**
 * Whether there is more than one statement. One alone with a semicolon in it is taken for several too, which does no
 * harm. Looked for without an expression, which the engine is slow to match against long texts.
 */
function isSeveral(text) {
  const at = text.indexOf(";");
  return at >= 0 && text.slice(at + 1).trim() !== "";
}

/** The engine reads fractions of three digits, PostgreSQL writes up to six. */
function milliseconds(text) {
  const moment = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  if (Number.isNaN(moment)) {
    throw new Error(`a moment that a number cannot hold: ${text}`);
  }
  return moment;
}

/** A function that makes a script's row of the runner's. */
function readerOf(columns) {
  const fields = columns.map(({ name, typeName }) => ({
    from: name,
    to: SNAKE_CASE.test(name) ? camelcase(name) : name,
    parse: PARSERS[typeName] ?? ((value) => value),
  }));
  return (row) =>
    Object.fromEntries(fields.map(({ from, to, parse }) => [to, row[from] === null ? null : parse(row[from])]));
}
