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

  /** Appends a piece, or a value, and then a text. For a fragment that nobody else has yet. */
  add(value, text) {
    const { texts, values } = this;
    if (value instanceof Fragment) {
      const [first, ...others] = value.texts;
      texts[texts.length - 1] += first;
      texts.push(...others);
      values.push(...value.values);
      texts[texts.length - 1] += text;
    } else {
      values.push(value);
      texts.push(text);
    }
    return this;
  }
}

export function sql(strings, ...values) {
  const fragment = raw(strings[0]);
  values.forEach((value, index) => {
    if (value === undefined) {
      throw new TypeError("SQL tag cannot be bound an undefined value.");
    }
    fragment.add(value, strings[index + 1]);
  });
  return fragment;
}

sql.raw = raw;
sql.identifier = (names) => raw(names.map((name) => `"${name.replaceAll('"', '""')}"`).join("."));
sql.jsonb = (value) => raw("").add(JSON.stringify(value), "::jsonb");
sql.join = (members, glue) => {
  if (members.length === 0) {
    throw new TypeError("Value list must have at least 1 member.");
  }
  const list = raw("");
  members.forEach((member, index) => {
    if (index > 0) {
      list.add(glue, "");
    }
    list.add(member, "");
  });
  return list;
};

function raw(text) {
  return new Fragment([text], []);
}
