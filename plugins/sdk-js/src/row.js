// Rows as authors see them: objects with a property for each column.

import { conversion } from "./error.js";
import { decode } from "./value.js";

/** A function that makes objects of the rows of one result. */
export function rowReader(columns) {
  const names = columns.map((column) => column.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw conversion(`two columns of the result are called \`${twice}\`: rename one with AS`);
  }
  // Unlike an assignment, this makes a property of every name, `__proto__` too.
  return (values) => Object.fromEntries(values.map((value, index) => [names[index], decode(value)]));
}
