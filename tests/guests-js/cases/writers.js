// Many rows into one table: by rows, by columns, not to the end, and misused.

import { see, seeError } from "./cases.js";

const writer = (db) => db.bulkWriter("written", ["id", "label"]);
const label = (id) => (id % 2 === 0 ? `n${id}` : null);

function told(db, finished) {
  see(db, "finished", finished);
  const { rows, labels, sum } = db.one(
    "SELECT count(*) AS rows, count(label) AS labels, sum(id) AS sum FROM written",
  );
  see(db, "written", `${rows} ${labels} ${sum ?? 0}`);
}

export const writers = {
  writer_rows(db) {
    const rows = writer(db);
    for (let id = 1; id <= 2_500; id += 1) {
      rows.write(id % 3 ? [id, label(id)] : { label: label(id), id });
    }
    told(db, rows.finish());
  },

  writer_columns(db) {
    const columns = writer(db);
    const ids = Array.from({ length: 2_500 }, (_, index) => index + 1);
    columns.writeColumns([ids, ids.map(label)]);
    told(db, columns.finish());
  },

  writer_both(db) {
    const both = writer(db);
    both.write([1, "row"]);
    both.writeColumns([[2, 3], ["column", "column"]]);
    both.write([4, null]);
    told(db, both.finish());
  },

  writer_of_nothing(db) {
    const none = writer(db);
    none.writeColumns([[], []]);
    told(db, none.finish());
  },

  writer_unfinished: (db) => writer(db).write([1, "never written"]),

  // Written to a writer that is finished: the row must not be lost.
  writer_forgotten_row(db) {
    const finished = writer(db);
    finished.write([1, "sent"]);
    finished.finish();
    finished.write([2, "never sent"]);
  },

  writer_wrong_width(db) {
    const rows = writer(db);
    rows.write([1, "a"]);
    seeError(db, "narrow", () => rows.write([2]));
    seeError(db, "wide", () => rows.write([2, "b", 3]));
    told(db, rows.finish());
  },

  writer_wrong_columns(db) {
    const columns = writer(db);
    seeError(db, "one of two", () => columns.writeColumns([[1]]));
    told(db, columns.finish());
  },

  writer_ragged(db) {
    const columns = writer(db);
    seeError(db, "2 and 1", () => columns.writeColumns([[1, 2], ["a"]]));
    told(db, columns.finish());
  },

  writer_unknown_column: (db) => db.bulkWriter("written", ["id", "nope"]),

  writer_violation(db) {
    const rows = writer(db);
    rows.write([1, "a"]);
    rows.write([1, "b"]);
    rows.finish();
  },
};
