// Text that becomes code while a hook runs, in each way there is, and what must go on without that.

class Callable extends Function {
  constructor() {
    super();
    return Object.setPrototypeOf(() => this, new.target.prototype);
  }

  answer() {
    return 42;
  }
}

const ways = {
  eval: () => globalThis.eval("6 * 7"),
  Function: () => new Function("n", "return n * 7")(6),
  called: () => Function("return 6 * 7")(),
  constructor: () => ways.eval.constructor("return 6 * 7")(),
  generator: () => Object.getPrototypeOf(function* () {}).constructor("yield 6 * 7")().next().value,
  global: () => (Function("return this")() === globalThis ? 42 : 0),
  extends: () => (new Callable() instanceof Callable && new Callable().answer() === 42 ? 42 : 0),
  RegExp: () => Number(new RegExp("(" + "\\d+)").exec("the 42")[1]),
  JSON: () => JSON.parse('{"a":[1,{"b":42}]}').a[1].b,
  instanceof: () => (ways.eval instanceof Function && (function* () {}) instanceof Function ? 42 : 0),
  name: () => (Function.name === "Function" && Function.prototype === Object.getPrototypeOf(ways.eval) ? 42 : 0),
};

export function up(db) {
  db.execute("CREATE TABLE texts (way TEXT PRIMARY KEY, came TEXT NOT NULL)");
  for (const [way, run] of Object.entries(ways)) {
    let came;
    try {
      came = String(run());
    } catch (error) {
      came = `${error.name}: ${error.message}`;
    }
    db.execute("INSERT INTO texts VALUES (?, ?)", [way, came]);
  }
}

export function down(db) {
  db.execute("DROP TABLE texts");
}
