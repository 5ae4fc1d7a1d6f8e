// What a call of the database is given: a piece made by `sql`, or text and an array of parameters.

import { conversion } from "./error.js";
import { Sql, placeholderOf, render } from "./sql.js";
import { isText } from "./text.js";
import { encodeParameters, shown } from "./value.js";

/** Text and encoded parameters, as the host takes them. */
export function statement(given, params, host) {
  if (given instanceof Sql) {
    if (params !== undefined) {
      throw conversion("sql`…` holds its values itself: no parameters beside it");
    }
    // Asked for at the first placeholder, which most statements of a schema have none of.
    let dialect;
    const { text, values } = render(given, {
      placeholder: (number) => placeholderOf((dialect ??= host.getDialect()), number),
      quote: (name) => host.quoteIdentifier(name),
    });
    return [checkedText(text), encodeParameters(values)];
  }
  return [checkedText(given), encodeParameters(params ?? [])];
}

/** SQL without parameters. */
export function script(given, host) {
  const [text, values] = statement(given, undefined, host);
  if (values.length > 0) {
    throw conversion("a script takes no values: use execute() for each statement that has some");
  }
  return text;
}

function checkedText(text) {
  if (typeof text !== "string") {
    throw conversion(`SQL is text or sql\`…\`, not ${shown(text)}`);
  }
  if (!isText(text)) {
    throw conversion("the SQL holds half a surrogate pair");
  }
  return text;
}
