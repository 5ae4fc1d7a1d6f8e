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
/** Statements that return no rows: the runner counts the rows that they change. */
const SCHEMA = /^\s*(create|alter|drop|comment|grant|revoke|analyze|truncate)\b/i;
/** Those that do where they say `returning`. */
const CHANGES = /^\s*(insert|update|delete)\b/i;

export class Pool {
  #db;

  constructor(db) {
    this.#db = db;
  }

  async query(query) {
    return this.#run(query);
  }

  async any(query) {
    return this.#rows(query);
  }

  async many(query) {
    const rows = this.#rows(query);
    if (rows.length === 0) {
      throw new Error(`Resource not found: ${query.text}`);
    }
    return rows;
  }

  async maybeOne(query) {
    return this.#row(query) ?? null;
  }

  async one(query) {
    const row = this.#row(query);
    if (row === undefined) {
      throw new Error(`Resource not found: ${query.text}`);
    }
    return row;
  }

  async exists({ text, values }) {
    const [row] = this.#rows({ text: `SELECT EXISTS(${text})`, values });
    return row.exists;
  }

  // These answer at once, as the database does: what is asynchronous is so for the scripts alone.

  #run({ text, values }) {
    const isSchema = SCHEMA.test(text);
    if (values.length === 0 && (isSchema || isSeveral(text))) {
      this.#db.script(text);
      return {
        get rows() {
          if (isSeveral(text)) {
            throw new Error(`several statements return no rows: ${text}`);
          }
          return [];
        },
      };
    }
    if (isSchema || (CHANGES.test(text) && !text.toLowerCase().includes("returning"))) {
      this.#db.execute(text, values);
      return { rows: [] };
    }
    const rows = this.#db.query(text, values);
    return { rows: rows.map(readerOf(rows.columns)) };
  }

  #rows(query) {
    return this.#run(query).rows;
  }

  #row(query) {
    const [row, ...others] = this.#rows(query);
    if (others.length > 0) {
      throw new Error(`Query returned ${others.length + 1} rows where one was expected: ${query.text}`);
    }
    return row;
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
