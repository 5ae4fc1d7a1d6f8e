// Says what an engine without its compiler cannot do, where it would trap. Imported by the build's entry with --small.

function refused() {
  throw new EvalError("an engine of --small has no compiler: `eval` and `new Function` cannot run text");
}

globalThis.eval = refused;
// Generators are all that the build leaves of functions with a constructor of their own.
for (const sample of [function () {}, function* () {}]) {
  const { prototype } = Object.getPrototypeOf(sample).constructor;
  const constructor = function () {
    refused();
  };
  Object.defineProperty(constructor, "name", { value: prototype.constructor.name });
  constructor.prototype = prototype;
  Object.defineProperty(prototype, "constructor", { value: constructor });
}
globalThis.Function = Function.prototype.constructor;
