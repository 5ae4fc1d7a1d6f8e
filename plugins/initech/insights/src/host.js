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

/**
 * Makes a function a hook: what it throws becomes the error that the operator reads.
 *
 * The host has no use for a thrown `Error`, which would end the component with a bare trap.
 */
export function asHook(run, log) {
  return (alteration) => {
    try {
      run(alteration);
    } catch (thrown) {
      // QuickJS leaves the message out of the stack.
      log.log("error", `${thrown}\n${thrown?.stack ?? ""}`);
      throw asError(thrown);
    }
  };
}

function asError(thrown) {
  // A failed call of the host throws an Error whose payload is the error as the host wants it back.
  return (
    thrown?.payload ?? {
      kind: "other",
      message: String(thrown),
      sqlstate: null,
      constraint: null,
      retryable: false,
    }
  );
}
