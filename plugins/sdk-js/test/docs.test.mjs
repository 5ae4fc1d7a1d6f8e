// Everything that an author can import is documented, and the documentation can be made.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import * as sdk from "alteration-sdk";
import { exported, markdown, undocumented } from "../docs.mjs";

const entries = exported();

test("every export and every member has words", () => {
  assert.ok(entries.length > 30, `${entries.length} exports were found`);
  assert.deepEqual(undocumented(entries), []);
});

test("what is exported has types, and they are documented", () => {
  const names = entries.map(({ name }) => name);
  for (const name of Object.keys(sdk)) {
    assert.ok(names.includes(name), `${name} has no types`);
  }
});

test("an export without words is found", (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "docs-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, "index.d.ts");
  fs.writeFileSync(
    file,
    [
      "/** Told. */",
      "export interface Told {",
      "  untold: number;",
      "  /** Told. */",
      "  told(): void;",
      "}",
      "export function untold(): void;",
      "/** Told. */",
      "export class Kept {",
      "  private constructor();",
      "  private hidden: 1;",
      "  untold: 2;",
      "}",
      "/** Told. */",
      "export const held: {",
      "  /** Told. */",
      "  told: 1;",
      "  untold: 2;",
      "};",
    ].join("\n"),
  );
  const found = undocumented(exported(file)).sort();
  assert.deepEqual(found, ["Kept.untold", "Told.untold", "held.untold", "untold"]);
});

test("the documentation names all of it, with examples", () => {
  const text = markdown(entries);
  for (const { name, members } of entries) {
    assert.ok(text.includes(`## \`${name}\``), name);
    members.forEach((member) => assert.ok(text.includes(`- \`${member.name}\`: `), `${name}.${member.name}`));
  }
  assert.ok(text.match(/```ts/g).length > entries.length, "there are examples");
});
