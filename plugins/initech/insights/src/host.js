// What the host's values and errors look like in JavaScript, and how a hook answers with them.
//
// Knows nothing of this plugin.

const TYPED = { int64: "int64", float64: "float64", text: "text" };

/** A column as plain texts and nulls. */
export function texts(column) {
  return column.tag === "text" ? column.val : values(column).map((value) => value.val ?? null);
}

/** A column as tagged values, whatever it came as. */
export function values(column) {
  const tag = TYPED[column.tag];
  if (tag === undefined) {
    return column.val;
  }
  return column.val.map((val) => (val === null ? { tag: "null" } : { tag, val }));
}

/** Makes a function a hook: what it throws becomes the error that the operator reads. */
export function asHook(run) {
  return (alteration) => {
    try {
      run(alteration);
    } catch (thrown) {
      throw asError(thrown);
    }
  };
}

function asError(thrown) {
  // What a call of the host throws has the shape already, by itself or as a payload.
  const error = thrown?.payload ?? thrown;
  if (typeof error?.kind === "string") {
    return error;
  }
  const message = thrown instanceof Error ? `${thrown}\n${thrown.stack}` : String(thrown);
  return { kind: "other", message, sqlstate: null, constraint: null, retryable: false };
}
