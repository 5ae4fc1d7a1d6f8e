// Cursors: results of any size, row by row or in batches by column.
//
// The engine cannot close what the host opened: a cursor stays open until its hook ends, however far
// it was read.

import { calling, conversion } from "./error.js";
import { rowReader } from "./row.js";
import { decodeColumn, shown } from "./value.js";

// Large enough that the crossing costs little, small enough that wide rows fit into the memory of a guest.
const ROWS_A_FETCH = 1000;
const ROWS_A_BATCH = 5000;
const ROWS_MAX = 2 ** 32 - 1;

export class Cursor {
  #host;
  columns;

  constructor(host) {
    this.#host = host;
    this.columns = host.columns();
  }

  *[Symbol.iterator]() {
    const read = rowReader(this.columns);
    for (;;) {
      const rows = calling(() => this.#host.next(ROWS_A_FETCH));
      if (rows.length === 0) {
        return;
      }
      for (const row of rows) {
        yield read(row);
      }
    }
  }

  *batches(rowsMax = ROWS_A_BATCH) {
    if (!Number.isSafeInteger(rowsMax) || rowsMax < 1 || rowsMax > ROWS_MAX) {
      throw conversion(`batches() takes a number of rows, not ${shown(rowsMax)}`);
    }
    for (;;) {
      const data = calling(() => this.#host.nextColumns(rowsMax));
      if (data.length === 0) {
        return;
      }
      yield new Batch(this.columns, data);
    }
  }
}

/** Some rows of a cursor, by column. */
export class Batch {
  #columns;
  #data;
  /** How many rows it has. */
  length;

  constructor(columns, data) {
    this.#columns = columns;
    this.#data = data;
    this.length = data[0].val.length;
  }

  /** The values of a column, by its name or its position from 0. */
  column(which) {
    const index =
      typeof which === "number" ? which : this.#columns.findIndex(({ name }) => name === which);
    const data = this.#data[index];
    if (data === undefined) {
      const names = this.#columns.map(({ name }) => name).join(", ");
      throw conversion(`no column ${String(which)} in the batch; it has ${names}`);
    }
    return decodeColumn(data);
  }
}
