// Bulk writers: many rows into one table, by rows or by columns. Buffers single rows.

import { calling, conversion } from "./error.js";
import { encode, encodeColumn, shown } from "./value.js";

const ROWS_BUFFERED_MAX = 1000;

export class BulkWriter {
  #host;
  #columns;
  #buffer = [];
  #written = 0;
  #isFinished = false;

  constructor(host, columns) {
    this.#host = host;
    this.#columns = [...columns];
  }

  write(row) {
    this.#checkOpen();
    const values = Array.isArray(row) ? row : this.#inOrder(row);
    if (values.length !== this.#columns.length) {
      throw conversion(
        `row ${this.#next()} has ${values.length} values; the writer has ${this.#columns.length} columns`,
      );
    }
    const encoded = this.#columns.map((column, index) =>
      encode(values[index], `row ${this.#next()}, column \`${column}\``),
    );
    this.#buffer.push(encoded);
    if (this.#buffer.length >= ROWS_BUFFERED_MAX) {
      this.#flush();
    }
  }

  writeColumns(columns) {
    this.#checkOpen();
    if (!Array.isArray(columns) || columns.length !== this.#columns.length) {
      throw conversion(
        `writeColumns() takes an array of ${this.#columns.length} arrays, one for each column of the writer`,
      );
    }
    const encoded = columns.map((values, index) =>
      encodeColumn(values, `column \`${this.#columns[index]}\``),
    );
    if (new Set(columns.map(({ length }) => length)).size > 1) {
      throw conversion(`columns differ in length: ${columns.map(({ length }) => length).join(", ")}`);
    }
    this.#flush();
    calling(() => this.#host.writeColumns(encoded));
    this.#written += encoded[0].val.length;
  }

  finish() {
    this.#checkOpen();
    this.#flush();
    this.#isFinished = true;
    return calling(() => this.#host.finish());
  }

  /** Of a writer that is finished nothing more reaches the database: a row would be lost without a word. */
  #checkOpen() {
    if (this.#isFinished) {
      throw conversion("the bulk-writer is finished: nothing more can be written");
    }
  }

  /** A row that is an object, in the order of the columns. */
  #inOrder(row) {
    if (typeof row !== "object" || row === null) {
      throw conversion(`row ${this.#next()} is ${shown(row)} instead of an array or an object`);
    }
    const unknown = Object.keys(row).find((name) => !this.#columns.includes(name));
    if (unknown !== undefined) {
      throw conversion(`row ${this.#next()} has \`${unknown}\`, which is no column of the writer`);
    }
    return this.#columns.map((name) => row[name]);
  }

  /** The number of the row at hand, from 1 on. */
  #next() {
    return this.#written + this.#buffer.length + 1;
  }

  #flush() {
    const rows = this.#buffer;
    if (rows.length > 0) {
      this.#buffer = [];
      calling(() => this.#host.write(rows));
      this.#written += rows.length;
    }
  }
}
