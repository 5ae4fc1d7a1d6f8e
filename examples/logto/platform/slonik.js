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
  const pieces = values.flatMap((value, index) => {
    if (value === undefined) {
      throw new TypeError("SQL tag cannot be bound an undefined value.");
    }
    return [fragmentOf(value), raw(strings[index + 1])];
  });
  return concat([raw(strings[0]), ...pieces]);
}

sql.raw = raw;
sql.identifier = (names) => raw(names.map((name) => `"${name.replaceAll('"', '""')}"`).join("."));
sql.jsonb = (value) => concat([fragmentOf(JSON.stringify(value)), raw("::jsonb")]);
sql.join = (members, glue) => {
  if (members.length === 0) {
    throw new TypeError("Value list must have at least 1 member.");
  }
  return concat(members.map(fragmentOf).flatMap((member, index) => (index > 0 ? [glue, member] : [member])));
};

function raw(text) {
  return new Fragment([text], []);
}

function fragmentOf(value) {
  return value instanceof Fragment ? value : new Fragment(["", ""], [value]);
}

function concat(fragments) {
  const texts = [""];
  const values = [];
  for (const fragment of fragments) {
    const [first, ...others] = fragment.texts;
    texts[texts.length - 1] += first;
    texts.push(...others);
    values.push(...fragment.values);
  }
  return new Fragment(texts, values);
}
