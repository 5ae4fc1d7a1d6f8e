// Which components a source becomes, and the manifest of each.
//
// A file is one component under the manifest as it stands. A folder holds a module for each alteration,
// named by its id, and becomes one component each: a file that was shipped then never changes.

import fs from "node:fs";
import path from "node:path";
import { BuildError, OPTIONAL, exportsOf, groupsOf } from "./bundle.mjs";
import { checksumOf } from "./checksum.mjs";

const MODULE = /\.(js|mjs|ts|mts)$/;
const NOT_ALTERATIONS = /\.(test|spec|d)\.(js|mjs|ts|mts)$/;

/**
 * `[{ name, modules: [{ id, file }], async manifest(folder) -> file, irreversible }]`
 */
export function alterations(source, { manifest: manifestFile, bundle, alias }) {
  const stat = fs.statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new BuildError(`${source} is not there`);
  }
  if (stat.isDirectory()) {
    return ofFolder(source, manifestFile, bundle, alias);
  }
  if (bundle) {
    throw new BuildError(`${source} is one module; --bundle is for a folder`);
  }
  return [ofFile(source, manifestFile)];
}

function ofFile(file, manifestFile) {
  // A manifest may be TOML too, and is read by `runner pack` alone.
  const { alterations = [] } = manifestFile.endsWith(".json") ? readManifest(manifestFile) : {};
  const isIrreversible = alterations.length > 0 && alterations.every(({ irreversible }) => irreversible);
  return {
    name: path.parse(file).name,
    modules: [{ id: null, file }],
    manifest: async () => manifestFile,
    irreversible: new Set(isIrreversible ? [file] : []),
  };
}

function ofFolder(folder, manifestFile, bundle, alias) {
  const manifest = readManifest(manifestFile);
  const modules = fs
    .readdirSync(folder)
    .filter((name) => MODULE.test(name) && !NOT_ALTERATIONS.test(name))
    .sort()
    .map((name) => ({ id: name.replace(MODULE, ""), file: path.join(folder, name) }));
  const declared = new Map((manifest.alterations ?? []).map((declaration) => [declaration.id, declaration]));
  for (const { id, file } of modules) {
    if (!declared.delete(id)) {
      throw new BuildError(`${manifestFile} declares no alteration ${id}, which ${file} is`);
    }
  }
  if (declared.size > 0) {
    const [id] = declared.keys();
    throw new BuildError(`${manifestFile} declares ${id}, and there is no ${path.join(folder, `${id}.js`)}`);
  }
  if (modules.length === 0) {
    throw new BuildError(`${folder} holds no module`);
  }
  const irreversible = new Set(
    manifest.alterations.filter((declaration) => declaration.irreversible).map(({ id }) => id),
  );
  const groups = bundle ? [modules] : modules.map((module) => [module]);
  return groups.map((group) => ({
    name: group[0].id,
    modules: group,
    manifest: (work) => writeManifest(work, manifest, group, alias),
    irreversible,
  }));
}

function readManifest(file) {
  let text;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new BuildError(`the manifest ${file} cannot be read: ${error.message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BuildError(`${file}: ${error.message}`);
  }
}

/**
 * The manifest of one component: what it carries, and of several also what each is known by and which of the
 * component's optional exports are its own.
 */
async function writeManifest(work, manifest, modules, alias) {
  const alterations = [];
  for (const { id, file } of modules) {
    const declaration = manifest.alterations.find((one) => one.id === id);
    if (modules.length > 1) {
      const groups = groupsOf(await exportsOf(file, alias));
      const own = Object.fromEntries(OPTIONAL.map((group) => [group, groups.includes(group)]));
      const checksum = declaration.checksum ?? (await checksumOf(file, alias));
      alterations.push({ ...declaration, ...own, checksum });
    } else {
      alterations.push(declaration);
    }
  }
  const written = path.join(work, `${modules[0].id}.json`);
  fs.writeFileSync(written, JSON.stringify({ ...manifest, alterations }));
  return written;
}
