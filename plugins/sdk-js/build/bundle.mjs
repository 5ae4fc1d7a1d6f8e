// Bundles an author's modules and the SDK into one module without `async`, and says which world it is of and what
// its component says about itself.
//
// QuickJS never drains promises, so that every `async` function, an author's or a library's, becomes a generator
// over the SDK's own Promise. Runs none of the code.

import { fileURLToPath } from "node:url";
import path from "node:path";
import { build } from "esbuild";
import { about, producers } from "./sections.mjs";

/** What an author did that cannot be built; told without a stack. */
export class BuildError extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

const ENTRY = fileURLToPath(new URL("../src/entry.js", import.meta.url));

const OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  // Chooses src/host.js.
  conditions: ["quickjs", "module"],
  external: ["runner:*"],
  target: "es2022",
  supported: { "async-await": false, "async-generator": false, "for-await": false, "top-level-await": false },
  define: { "process.env.NODE_ENV": '"production"' },
  charset: "utf8",
  // A test's `console.log` is readable, and so is a stack in the operator's log.
  minify: false,
  outfile: "component.js",
  logLevel: "silent",
};

/**
 * `modules` are `{ id, file }`; one alone may have no id and then carries whatever it is asked for.
 * `irreversible` holds the ids (or files) that need no `down`.
 */
export async function bundle(modules, irreversible) {
  const exported = new Set();
  for (const module of modules) {
    const names = await exportsOf(module.file);
    check(module, names, irreversible);
    names.forEach((name) => exported.add(name));
  }
  const imports = modules.map(({ file }, index) => `import * as m${index} from ${literal(file)};`);
  const finds =
    modules.length === 1 && modules[0].id === null
      ? "() => m0"
      : `(id) => {
  const module = { ${modules.map(({ id }, index) => `${JSON.stringify(id)}: m${index}`).join(", ")} }[id];
  if (module === undefined) throw new Error("this component does not carry " + id);
  return module;
}`;
  const preparation = exported.has("beforeUp") || exported.has("beforeDown");
  const groups = ["hooks", ...(preparation ? ["preparation"] : []), ...(exported.has("step") ? ["backfill"] : [])];
  const contents = `import { exportsOf } from ${literal(ENTRY)};
${imports.join("\n")}
export const { ${groups.join(", ")} } = exportsOf(${finds});`;
  const stdin = { contents, resolveDir: process.cwd(), sourcefile: "entry.js" };
  const { outputFiles, warnings } = await run({ stdin });
  // Here alone: the other runs look at the same sources.
  warnings.forEach((warning) => console.error(`warning: ${line(warning)}`));
  const language = modules.some(({ file }) => /ts$/.test(file)) ? "TypeScript" : "JavaScript";
  const sections = [producers(language), ...about(process.cwd())];
  return { code: outputFiles[0].text, world: worldOf(groups), sections };
}

function literal(file) {
  return JSON.stringify(path.resolve(file));
}

function worldOf(groups) {
  if (groups.length === 3) {
    return "alteration-complete";
  }
  return groups.length === 1 ? "alteration" : `alteration-${groups[1]}`;
}

async function exportsOf(file) {
  const { metafile } = await run({ entryPoints: [file] });
  return Object.values(metafile.outputs)[0].exports;
}

/** The files of which a module consists: itself and what it imports, by their real paths. */
export async function inputsOf(file) {
  const { metafile } = await run({ entryPoints: [file] });
  return Object.keys(metafile.inputs).map((input) => path.resolve(input));
}

function check({ id, file }, names, irreversible) {
  if (!names.includes("up")) {
    const found = names.length > 0 ? `only ${names.join(", ")}` : "nothing";
    throw new BuildError(`${file} exports no \`up\`, ${found}: write \`export function up(db) { … }\``);
  }
  if (!names.includes("down") && !irreversible.has(id ?? file)) {
    throw new BuildError(
      `${file} exports no \`down\`: write one, or say \`"irreversible": true\` in the manifest`,
    );
  }
}

async function run(options) {
  try {
    return await build({ ...OPTIONS, ...options });
  } catch (error) {
    if (!Array.isArray(error.errors)) {
      throw error;
    }
    throw new BuildError(error.errors.map(line).join("\n"));
  }
}

function line({ text, location }) {
  return location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text;
}
