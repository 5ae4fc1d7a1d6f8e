// Says what an engine without its compiler cannot do, where it would trap. Imported by the build's entry with --small.

function refused() {
  throw new EvalError("an engine of --small has no compiler: `eval` and `new Function` cannot run text");
}

/** What is asked of a constructor that needs no compiler; packages look for the global object that way. */
function known(texts) {
  if (texts.length === 0) {
    return function () {};
  }
  return texts.length === 1 && /^\s*return this;?\s*$/.test(texts[0]) ? () => globalThis : undefined;
}

globalThis.eval = refused;
// Generators are all that the build leaves of functions with a constructor of their own.
for (const [sample, make] of [[function () {}, known], [function* () {}, refused]]) {
  const { prototype } = Object.getPrototypeOf(sample).constructor;
  const constructor = function (...texts) {
    const made = make(texts) ?? refused();
    // For classes that extend it.
    return new.target === undefined ? made : Object.setPrototypeOf(made, new.target.prototype);
  };
  Object.defineProperty(constructor, "name", { value: prototype.constructor.name });
  constructor.prototype = prototype;
  Object.defineProperty(prototype, "constructor", { value: constructor });
}
globalThis.Function = Function.prototype.constructor;
