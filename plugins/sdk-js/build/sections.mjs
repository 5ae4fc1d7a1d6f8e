// Custom sections: what a component says about itself, for `runner inspect`.
//
// The names and the format of `producers` are those of the component model's tools.

import fs from "node:fs";

const SDK = JSON.parse(fs.readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** A custom section, as it is appended to a component. */
export function section(name, body) {
  const content = Buffer.concat([text(name), Buffer.from(body)]);
  return Buffer.concat([Buffer.of(0), leb128(content.length), content]);
}

/** What a component was made with. */
export function producers(language) {
  const fields = [
    ["language", [[language, ""]]],
    ["sdk", [[SDK.name, SDK.version]]],
    ["processed-by", Object.entries(SDK.dependencies)],
  ];
  const body = fields.map(([field, entries]) =>
    Buffer.concat([text(field), leb128(entries.length), ...entries.flat().map(text)]),
  );
  return section("producers", Buffer.concat([leb128(fields.length), ...body]));
}

/** What the package of its author says of it. */
export function about(folder) {
  const file = `${folder}/package.json`;
  const { license, homepage, repository } = fs.existsSync(file)
    ? JSON.parse(fs.readFileSync(file, "utf8"))
    : {};
  const texts = { licenses: license, source: repository?.url ?? repository, homepage };
  return Object.entries(texts)
    .filter(([, value]) => typeof value === "string")
    .map(([name, value]) => section(name, value));
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([leb128(bytes.length), bytes]);
}

export function leb128(number) {
  const bytes = [];
  let rest = number;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
}
