// The database of a hook: statements, queries, and the way to cursors and bulk writers.
//
// There is no connection to open and no transaction to begin or end: both are the host's. Every call
// answers at once; `await` before it changes nothing.

import { Cursor } from "./cursor.js";
import { calling, conversion } from "./error.js";
import { rowReader } from "./row.js";
import { placeholderOf } from "./sql.js";
import { script, statement } from "./statement.js";
import { isText } from "./text.js";
import { shown } from "./value.js";
import { BulkWriter } from "./writer.js";

export class Database {
  #host;

  constructor(host) {
    this.#host = host;
  }

  get dialect() {
    return this.#host.getDialect();
  }

  execute(sql, params) {
    const [text, values] = statement(sql, params, this.#host);
    return calling(() => this.#host.execute(text, values));
  }

  script(sql) {
    const text = script(sql, this.#host);
    calling(() => this.#host.executeScript(text));
  }

  query(sql, params) {
    const [text, values] = statement(sql, params, this.#host);
    const { columns, rows } = calling(() => this.#host.query(text, values));
    return Object.defineProperty(rows.map(rowReader(columns)), "columns", { value: columns });
  }

  one(sql, params) {
    const row = this.maybeOne(sql, params);
    if (row === null) {
      throw conversion("expected one row, found none");
    }
    return row;
  }

  maybeOne(sql, params) {
    const rows = this.query(sql, params);
    if (rows.length > 1) {
      throw conversion(`expected one row, found ${rows.length}`);
    }
    return rows[0] ?? null;
  }

  cursor(sql, params) {
    const [text, values] = statement(sql, params, this.#host);
    return new Cursor(calling(() => this.#host.openCursor(text, values)));
  }

  bulkWriter(table, columns) {
    if (!isText(table) || !Array.isArray(columns) || !columns.every(isText)) {
      throw conversion("bulkWriter() takes the name of a table and an array of names of columns");
    }
    return new BulkWriter(
      calling(() => this.#host.openBulkWriter(table, columns)),
      columns,
    );
  }

  placeholder(number) {
    if (!Number.isSafeInteger(number) || number < 1) {
      throw conversion(`placeholder() takes a number from 1 on, not ${shown(number)}`);
    }
    return placeholderOf(this.dialect, number);
  }

  quoteIdentifier(name) {
    if (!isText(name)) {
      throw conversion(`quoteIdentifier() takes a name, not ${shown(name)}`);
    }
    return this.#host.quoteIdentifier(name);
  }
}
