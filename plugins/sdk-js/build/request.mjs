// What `runner build` asks for: a description of all alterations of a project, and components of some of them.
//
// Each module of src/alterations is the alteration that its name says. Writes components without a manifest:
// the runner makes one and packs them.

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { BuildError, bundle, check, survey } from "./bundle.mjs";
import { checksumOfFiles, isOfPackage, isOfSdk } from "./checksum.mjs";
import { about } from "./sections.mjs";

const FOLDER = "src/alterations";
const MODULE = /\.(js|mjs|ts|mts)$/;
const NOT_ALTERATIONS = /\.(test|spec|d)\.(js|mjs|ts|mts)$/;
/** The hooks as the interface names them. */
const HOOKS = { up: "up", down: "down", beforeUp: "before-up", beforeDown: "before-down", step: "step" };
const SDK = fileURLToPath(new URL("..", import.meta.url));

/** Answers the request in `file`; `component` makes the bytes of one from what was bundled. */
export async function answer(file, component) {
  const request = JSON.parse(fs.readFileSync(file, "utf8"));
  const options = optionsOf("package.json");
  const declared = declarations(request.manifest);
  const modules = modulesOf(declared, request.manifest);
  const surveyed = await survey(modules.map((module) => module.file), options.alias);
  const irreversible = new Set([...declared.values()].filter((one) => one.irreversible).map(({ id }) => id));
  const alterations = {};
  const packages = new Set();
  modules.forEach((module, at) => {
    const { exports, inputs } = surveyed[at];
    check(module, exports, irreversible);
    if (irreversible.has(module.id) && exports.includes("down")) {
      throw new BuildError(`${module.file} exports a \`down\`, and ${request.manifest} says that ${module.id} is irreversible`);
    }
    const own = inputs.filter((input) => !isOfPackage(input) && !isOfSdk(input));
    inputs.filter(isOfPackage).forEach((input) => packages.add(input));
    module.exports = exports;
    alterations[module.id] = {
      source: checksumOfFiles(module.file, own),
      files: own.map(relative).sort(),
      hooks: Object.keys(HOOKS).filter((hook) => exports.includes(hook)).map((hook) => HOOKS[hook]),
    };
  });
  for (const { output, alterations: ids } of request.components) {
    const carried = ids.map((id) => modules.find((module) => module.id === id) ?? unknown(id));
    console.error(`componentize-qjs: ${ids.join(", ")}`);
    fs.writeFileSync(output, await component(await bundle(carried, irreversible, options)));
  }
  const toolchain = await toolchainOf(options, packages);
  fs.writeFileSync(request.answer, JSON.stringify({ toolchain, alterations }));
}

function unknown(id) {
  throw new BuildError(`${FOLDER} has no ${id}`);
}

/** What package.json says of the build, under "alteration-sdk". */
function optionsOf(file) {
  const { "alteration-sdk": given = {} } = fs.existsSync(file) ? readJson(file) : {};
  const { alias = {}, preload = [], small = false, ...rest } = given;
  const wrong = (what) => new BuildError(`${file}: "alteration-sdk": ${what}`);
  if (Object.keys(rest).length > 0) {
    throw wrong(`there is no "${Object.keys(rest)[0]}"; "alias", "preload" and "small" are what there is`);
  }
  const isText = (value) => typeof value === "string";
  if (typeof alias !== "object" || alias === null || Array.isArray(alias) || !Object.values(alias).every(isText)) {
    throw wrong('"alias" is an object of names of packages, each with a file');
  }
  if (!Array.isArray(preload) || !preload.every(isText)) {
    throw wrong('"preload" is a list of files');
  }
  if (typeof small !== "boolean") {
    throw wrong('"small" is true or false');
  }
  const gone = [...Object.values(alias), ...preload].find((named) => !fs.existsSync(named));
  if (gone !== undefined) {
    throw wrong(`${gone} is not there`);
  }
  const resolved = Object.entries(alias).map(([name, named]) => [name, path.resolve(named)]);
  return { alias: Object.fromEntries(resolved), preload, small };
}

/** The declarations of the manifest by id. */
function declarations(manifest) {
  const { alterations = [] } = readJson(manifest);
  return new Map(alterations.map((declaration) => [declaration.id, declaration]));
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw new BuildError(`${file}: ${error.message}`);
  }
}

/** The modules of the folder, as `{ id, file }`, once they are those that the manifest declares. */
function modulesOf(declared, manifest) {
  const names = fs.existsSync(FOLDER) ? fs.readdirSync(FOLDER) : [];
  const modules = new Map();
  for (const name of names.filter((one) => MODULE.test(one) && !NOT_ALTERATIONS.test(one)).sort()) {
    const module = { id: name.replace(MODULE, ""), file: `${FOLDER}/${name}` };
    const other = modules.get(module.id);
    if (other !== undefined) {
      throw new BuildError(`${other.file} and ${module.file} both are ${module.id}`);
    }
    if (!declared.has(module.id)) {
      throw new BuildError(
        `${manifest} declares no alteration ${module.id}, which ${module.file} is: declare it there; ` +
          "what alterations share belongs into src",
      );
    }
    modules.set(module.id, module);
  }
  const missing = [...declared.keys()].find((id) => !modules.has(id));
  if (missing !== undefined) {
    throw new BuildError(`${manifest} declares ${missing}, and there is no ${FOLDER}/${missing}.js or .ts`);
  }
  return [...modules.values()];
}

/** A text that is another one where the same sources become another component. */
async function toolchainOf(options, packages) {
  const { dependencies } = readJson(path.join(SDK, "package.json"));
  const preloaded = (await survey(options.preload, options.alias)).flatMap(({ inputs }) => inputs);
  const hash = crypto.createHash("sha256");
  for (const part of [JSON.stringify([options.preload, options.small]), ...about(".")]) {
    hash.update(`${part.length} `).update(part);
  }
  const files = [...sdkFiles(), ...packages, ...Object.values(options.alias), ...preloaded];
  for (const file of files.sort()) {
    const contents = fs.readFileSync(file);
    hash.update(`${contents.length} `).update(contents);
  }
  const tools = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
  return [...tools, `SDK ${hash.digest("hex")}`].join(", ");
}

/** The files of the SDK that decide what a component is. */
function sdkFiles() {
  const folders = ["src", "build", "wit"].map((name) => path.join(SDK, name));
  const names = folders.flatMap((folder) => fs.readdirSync(folder).map((name) => path.join(folder, name)));
  return [...names, path.join(SDK, "build.mjs")];
}

function relative(file) {
  return path.relative(fs.realpathSync("."), file).split(path.sep).join("/");
}
