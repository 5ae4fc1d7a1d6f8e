// The tagged template `sql`: text and values apart, so that a value is bound and never becomes text.
//
// Pure: what depends on the database (placeholders, quotes) is asked of whoever renders.

import { conversion } from "./error.js";
import { isText } from "./text.js";
import { shown } from "./value.js";

/** A piece of SQL with its values. Made by `sql` alone. */
export class Sql {
  /** Text, values and names in their order, each as `{ text }`, `{ value }` or `{ name }`. */
  #parts;

  constructor(parts) {
    this.#parts = parts;
  }

  static parts(piece) {
    return piece.#parts;
  }
}

export function sql(strings, ...values) {
  if (!Array.isArray(strings?.raw)) {
    throw conversion("sql is a tag: sql`SELECT …`; sql.raw(text) takes text");
  }
  if (strings.includes(undefined)) {
    throw conversion("a backslash in sql`…` begins an escape of JavaScript; a plain one is written twice");
  }
  const parts = [{ text: strings[0] }];
  values.forEach((value, index) => {
    parts.push(...(value instanceof Sql ? Sql.parts(value) : [{ value }]));
    parts.push({ text: strings[index + 1] });
  });
  return new Sql(parts);
}

/** A name, or several that belong together: sql.identifier("audit", "entries") is audit.entries. */
sql.identifier = (...names) => {
  if (names.length === 0 || !names.every(isText)) {
    throw conversion(`sql.identifier() takes names, not ${names.map(shown).join(", ") || "nothing"}`);
  }
  const parts = names.flatMap((name, index) => [...(index > 0 ? [{ text: "." }] : []), { name }]);
  return new Sql(parts);
};

/** Values or pieces, with a separator between them. */
sql.join = (items, separator = ", ") => {
  const list = [...items];
  if (list.length === 0) {
    throw conversion("sql.join() of nothing: no SQL is right for an empty list");
  }
  const between = separator instanceof Sql ? Sql.parts(separator) : [{ text: String(separator) }];
  const parts = list.flatMap((item, index) => [
    ...(index > 0 ? between : []),
    ...(item instanceof Sql ? Sql.parts(item) : [{ value: item }]),
  ]);
  return new Sql(parts);
};

/** Text as it is. Whatever is in it runs: never for what comes from a database. */
sql.raw = (text) => {
  if (typeof text !== "string") {
    throw conversion(`sql.raw() takes text, not ${shown(text)}`);
  }
  return new Sql([{ text }]);
};

/** Text and values of a piece, with placeholders and quotes of one database. */
export function render(piece, { placeholder, quote }) {
  const values = [];
  let text = "";
  for (const part of Sql.parts(piece)) {
    if ("text" in part) {
      text += part.text;
    } else if ("name" in part) {
      text += quote(part.name);
    } else {
      values.push(part.value);
      text += placeholder(values.length);
    }
  }
  return { text, values };
}

/** How a database writes the parameter with `number`, from 1 on. */
export function placeholderOf(dialect, number) {
  return dialect === "postgresql" ? `$${number}` : "?";
}
