// Bundles an author's modules and the SDK into one module without `async`, and says which world it is of and what
// its component says about itself.
//
// QuickJS never drains promises, so that every `async` function, an author's or a library's, becomes a generator
// over the SDK's own Promise. Runs none of the code: an author's modules are evaluated in the hook that needs
// them, and not when the component is made, where everybody would get the same chance and time.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
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
const NO_COMPILER = fileURLToPath(new URL("../src/no_compiler.js", import.meta.url));

/** What a component may export beside `hooks`. */
export const OPTIONAL = ["preparation", "backfill"];

const OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["browser", "module", "main"],
  // The first chooses src/host.js. Packages are asked for what they have for browsers, which have no files either.
  conditions: ["quickjs", "browser", "module"],
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
 * `modules` are `{ id, file }`, with their `exports` where these are known; one alone may have no
 * id and then carries whatever it is asked for.
 * `irreversible` holds the ids (or files) that need no `down`; `alias` names the files that stand for packages;
 * `preload` are modules that are evaluated when the component is made; `small` takes the engine that is built for its size.
 */
export async function bundle(modules, irreversible, { alias = {}, preload = [], small = false } = {}) {
  const exported = new Set();
  for (const module of modules) {
    const names = module.exports ?? (await exportsOf(module.file, alias));
    check(module, names, irreversible);
    groupsOf(names).forEach((group) => exported.add(group));
  }
  const groups = ["hooks", ...OPTIONAL.filter((group) => exported.has(group))];
  const first = small ? [NO_COMPILER, ...preload] : preload;
  const contents = `import { exportsOf } from ${literal(ENTRY)};
${first.map((file) => `import ${literal(file)};\n`).join("")}${finder(modules)}
export const { ${groups.join(", ")} } = exportsOf(find);`;
  const stdin = { contents, resolveDir: process.cwd(), sourcefile: "entry.js" };
  const { outputFiles, warnings } = await run({ stdin, alias });
  // Here alone: the other runs look at the same sources.
  warnings.forEach((warning) => console.error(`warning: ${line(warning)}`));
  const language = modules.some(({ file }) => /ts$/.test(file)) ? "TypeScript" : "JavaScript";
  const sections = [producers(language), ...about(process.cwd())];
  return { code: outputFiles[0].text, world: worldOf(groups), sections, small };
}

/** Code that finds a module by its alteration's id. The table is made once, and not in each hook. */
function finder(modules) {
  const load = ({ file }) => `() => require(${literal(file)})`;
  if (modules.length === 1 && modules[0].id === null) {
    return `const find = ${load(modules[0])};`;
  }
  const entries = modules.map((module) => `[${JSON.stringify(module.id)}, ${load(module)}]`);
  return `const modules = new Map([
${entries.join(",\n")}
]);
function find(id) {
  const load = modules.get(id);
  if (load === undefined) throw new Error("this component does not carry " + id);
  return load();
}`;
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

/** What a module exports, by name. */
export async function exportsOf(file, alias) {
  const { metafile } = await run({ entryPoints: [file], alias });
  return Object.values(metafile.outputs)[0].exports;
}

/** Which optional exports of a component the names of hooks belong to. */
export function groupsOf(names) {
  const hooks = { preparation: ["beforeUp", "beforeDown"], backfill: ["step"] };
  return OPTIONAL.filter((group) => hooks[group].some((hook) => names.includes(hook)));
}

/** The files of which a module consists: itself and what it imports, by their real paths. */
export async function inputsOf(file, alias) {
  const { metafile } = await run({ entryPoints: [file], alias });
  return Object.keys(metafile.inputs).map((input) => path.resolve(input));
}

/** What each of some modules exports, and the files of which it consists, in the order of the modules. */
export async function survey(files, alias) {
  if (files.length === 0) {
    return [];
  }
  const { metafile } = await run({ entryPoints: files, alias, outfile: undefined, outdir: "modules" });
  const outputs = new Map(
    Object.values(metafile.outputs).map(({ entryPoint, exports }) => [path.resolve(entryPoint), exports]),
  );
  return files.map((file) => {
    const inputs = new Set();
    const waiting = [path.relative("", fs.realpathSync(file)).split(path.sep).join("/")];
    while (waiting.length > 0) {
      const input = waiting.pop();
      if (!inputs.has(input) && metafile.inputs[input] !== undefined) {
        inputs.add(input);
        waiting.push(...metafile.inputs[input].imports.map((imported) => imported.path));
      }
    }
    const names = outputs.get(path.resolve(file)) ?? outputs.get(fs.realpathSync(file));
    return { exports: names, inputs: [...inputs].map((input) => path.resolve(input)) };
  });
}

export function check({ id, file }, names, irreversible) {
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
