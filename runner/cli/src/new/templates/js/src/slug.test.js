import assert from "node:assert/strict";
import test from "node:test";
import { slugOf } from "./slug.js";

test("slugs", () => {
  for (const [title, slug] of [["To do", "to-do"], ["  It's -- done! ", "it-s-done"], ["", ""]]) {
    assert.equal(slugOf(title), slug);
  }
});
