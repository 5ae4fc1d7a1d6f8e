// The SDK speaks of the same cases, fields and functions as the WIT.

import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

const read = (file) => fs.readFileSync(new URL(file, import.meta.url), "utf8");
const wit = read("../wit/alteration.wit").replaceAll(/\/\/.*/g, "");
const types = read("../src/index.d.ts");
const camel = (name) => name.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());

/** What stands in the braces of `variant value`, `record error` and so on. */
function body(kind, name) {
  const found = wit.match(new RegExp(`${kind} ${name} \\{([^}]*)\\}`));
  assert.ok(found, `${kind} ${name} is in the WIT`);
  return found[1];
}

const cases = (kind, name) => body(kind, name).split(/,(?![^(<]*[>)])/).map((part) => part.trim().match(/^[a-z0-9-]*/)[0]).filter(Boolean);
const fields = (name) => body("record", name).split(/,(?![^<]*>)/).map((part) => part.split(":")[0].trim()).filter(Boolean);

test("dialects and kinds of errors", () => {
  const union = (name) => types.match(new RegExp(`type ${name} =([^;]*);`))[1].match(/"[^"]*"/g).map((text) => text.slice(1, -1));
  assert.deepEqual(union("Dialect"), cases("enum", "dialect"));
  assert.deepEqual(union("ErrorKind"), cases("enum", "error-kind"));
});

test("cases of a value", () => {
  const source = read("../src/value.js");
  const all = cases("variant", "value");
  assert.equal(all.length, 15);
  for (const name of all) {
    assert.ok(source.includes(`"${name}"`), `${name} is in value.js`);
  }
  const columns = cases("variant", "column-data");
  assert.deepEqual(columns, ["int64", "float64", "text", "mixed"]);
});

test("fields of what comes back", () => {
  const members = (name) => types.match(new RegExp(`interface ${name}(?:<.*>)? \\{([^}]*)\\}`))[1];
  for (const [record, name] of [["outcome", "Outcome"], ["column", "Column"], ["checkpoint", "More"]]) {
    for (const field of fields(record).map(camel)) {
      assert.match(members(name), new RegExp(`^\\s*(readonly )?${field}\\??: `, "m"), `${name}.${field}`);
    }
  }
  const [, given, own] = types.match(/class DatabaseError extends Error \{\s*constructor\(error: \{([^}]*)\}\);([^}]*)\}/);
  const errors = fields("error").map(camel);
  assert.ok(errors.includes("message"));
  for (const field of errors) {
    assert.match(given, new RegExp(`^\\s*${field}\\??: `, "m"), `given: ${field}`);
    // What every Error of JavaScript has is not declared again.
    if (field !== "message") {
      assert.match(own, new RegExp(`^\\s*readonly ${field}: `, "m"), `DatabaseError.${field}`);
    }
  }
});

test("every function of the host is used, by its name in JavaScript", () => {
  const sources = ["database", "cursor", "writer", "log", "entropy", "settings", "statement"].map((name) => read(`../src/${name}.js`)).join("\n");
  const functions = [...wit.matchAll(/([a-z-]+): func\(/g)].map(([, name]) => name);
  const hooks = ["up", "down", "before-up", "before-down", "step"];
  assert.ok(functions.length > 15);
  for (const name of functions.filter((name) => !hooks.includes(name))) {
    assert.match(sources, new RegExp(`\\.${camel(name)}\\(`), name);
  }
  for (const hook of hooks) {
    assert.ok(read("../src/hooks.js").includes(`call("${camel(hook)}"`), hook);
  }
});
