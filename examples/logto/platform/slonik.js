// Stands for `@silverhand/slonik`: the tag `sql`. Values stay apart from the text until the database binds them.

/** A piece of SQL: texts, and between each two of them a value. */
export class Fragment {
  constructor(texts, values) {
    this.texts = texts;
    this.values = values;
  }

  /** The text with a placeholder for each value. */
  get text() {
    return this.texts.reduce((text, next, index) => `${text}$${index}${next}`);
  }
}

export function sql(strings, ...values) {
  return values.reduce((fragment, value, index) => {
    if (value === undefined) {
      throw new TypeError("SQL tag cannot be bound an undefined value.");
    }
    return concat(fragment, fragmentOf(value), raw(strings[index + 1]));
  }, raw(strings[0]));
}

sql.raw = raw;
sql.identifier = (names) => raw(names.map((name) => `"${name.replaceAll('"', '""')}"`).join("."));
sql.jsonb = (value) => concat(fragmentOf(JSON.stringify(value)), raw("::jsonb"));
sql.join = (members, glue) => {
  if (members.length === 0) {
    throw new TypeError("Value list must have at least 1 member.");
  }
  return members.map(fragmentOf).reduce((list, member) => concat(list, glue, member));
};

function raw(text) {
  return new Fragment([text], []);
}

function fragmentOf(value) {
  return value instanceof Fragment ? value : new Fragment(["", ""], [value]);
}

function concat(...fragments) {
  return fragments.reduce(
    (one, next) =>
      new Fragment(
        [...one.texts.slice(0, -1), one.texts.at(-1) + next.texts[0], ...next.texts.slice(1)],
        [...one.values, ...next.values],
      ),
  );
}
