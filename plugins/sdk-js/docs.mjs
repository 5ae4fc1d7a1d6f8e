#!/usr/bin/env node
// The documentation of what authors import, out of the comments in src/index.d.ts: `npm run docs` writes docs/api.md.
//
// Reads the types as the TypeScript compiler does. `undocumented` tells what has no words; a test calls it.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const TYPES = fileURLToPath(new URL("src/index.d.ts", import.meta.url));

/** Every export in the order of the file: `{ name, declaration, text, examples, members }`; members are alike. */
export function exported(file = TYPES) {
  const program = ts.createProgram([file], { strict: true, noEmit: true, types: [], lib: ["lib.es2022.d.ts"] });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  return symbols.map((symbol) => entry(symbol, checker, source));
}

/** The names of exports and their members that have no documentation. */
export function undocumented(entries) {
  return entries.flatMap(({ name, text, members }) => [
    ...(text === "" ? [name] : []),
    ...undocumented(members).map((member) => `${name}.${member}`),
  ]);
}

/** All of it as Markdown. */
export function markdown(entries) {
  const parts = entries.map(({ name, declaration, text, examples, members }) => [
    `## \`${name}\``,
    ["```ts", declaration, "```"].join("\n"),
    text,
    ...examples.map((example) => ["```ts", example, "```"].join("\n")),
    members.map((member) => `- \`${member.name}\`: ${member.text.replaceAll(/\s+/g, " ")}`).join("\n"),
  ]);
  const paragraphs = parts.flat().filter((part) => part !== "");
  return ["# alteration-sdk", ...paragraphs].join("\n\n") + "\n";
}

function entry(symbol, checker, source) {
  const declarations = symbol.getDeclarations().filter((one) => one.getSourceFile() === source);
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
  const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === "example");
  return {
    name: symbol.getName(),
    declaration: declarations.map((one) => shown(one)).join("\n"),
    text,
    examples: tags.map((tag) => ts.displayPartsToString(tag.text).trim()),
    members: membersOf(declarations).map((member) => entry(member, checker, source)),
  };
}

/** What a class, an interface or an object has; of a constructor and of what is private nothing. */
function membersOf(declarations) {
  const holders = declarations.map((one) => (one.type && ts.isTypeLiteralNode(one.type) ? one.type : one));
  const members = holders.flatMap((holder) => holder.members ?? []);
  const isHidden = (member) => ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private;
  const symbols = members.filter((member) => !isHidden(member)).map((member) => member.symbol);
  return [...new Set(symbols)].filter(({ escapedName }) => !String(escapedName).startsWith("__"));
}

/** A declaration without the comments in it. */
function shown(declaration) {
  const whole = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const printer = ts.createPrinter({ removeComments: true });
  return printer.printNode(ts.EmitHint.Unspecified, whole, declaration.getSourceFile());
}

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? fileURLToPath(new URL("docs", import.meta.url));
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "api.md");
  fs.writeFileSync(file, markdown(exported()));
  console.log(file);
}
