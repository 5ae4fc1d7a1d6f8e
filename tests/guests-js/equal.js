// Deep equality that ends the hook; the engine has no `assert`.

export function equal(found, expected, where = "it") {
  const same = Object.is(found, expected);
  const areObjects = [found, expected].every((value) => typeof value === "object" && value !== null);
  if (same || (areObjects && entries(found) === entries(expected))) {
    if (areObjects) {
      Object.keys(expected).forEach((key) => equal(found[key], expected[key], `${where}.${key}`));
    }
    return;
  }
  throw new Error(`${where} is ${shown(found)} instead of ${shown(expected)}`);
}

function entries(value) {
  return `${value.constructor?.name}: ${Object.keys(value)}`;
}

function shown(value) {
  return typeof value === "object" ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
}
