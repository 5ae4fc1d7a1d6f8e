#!/usr/bin/env node
// From the alteration scripts of an installed Logto to one component that the runner deploys.
//
// Copies and edits no script: writes for each a module of a few lines that names its hooks to the runner, and a
// manifest; the SDK makes a component of them. Runs none of the scripts.

import { spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const USAGE = `Usage: node build.mjs [SCRIPTS] [--out DIR] [--component FILE] [--work DIR]

SCRIPTS is the folder of scripts; that of the installed package if not given.

  --out DIR         where the packed component goes; dist if not given
  --component FILE  writes the component as it is before \`runner pack\`; its manifest is in the work folder
  --work DIR        where modules and manifest are written; .build if not given`;

/** What stands for a package, or a part of Node.js, that a script imports. */
const PLATFORM = {
  "@silverhand/slonik": "slonik.js",
  "@logto/core-kit": "core_kit.js",
  "@logto/shared": "shared.js",
  "@logto/shared/universal": "shared.js",
  chalk: "chalk.js",
  inquirer: "inquirer.js",
  "node:crypto": "crypto.js",
  "node:util": "util.js",
};
const HOOKS = ["up", "down", "beforeUp", "beforeDown"];
/** What scripts have in their text that draw ids or keys, or look at the clock. */
const ENTROPY = /generateStandard|generateKeyPair|Date\.now|new Date\(\)/;
/** What scripts have in their text that look at the environment or ask a person, and the settings that answer. */
const SETTINGS = [
  [/process\.env\.CI\b/, ["CI"]],
  [/process\.env\.ALTERATION_TEST\b/, ["ALTERATION_TEST"]],
  [/GlobalValues/, ["ADMIN_", "CLOUD_"].flatMap((of) => ["PORT", "ENDPOINT", "DISABLE_LOCALHOST"].map((name) => of + name))],
  [/inquirer/, ["confirm"]],
];

const here = fileURLToPath(new URL(".", import.meta.url));

function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string", default: "dist" },
      component: { type: "string" },
      work: { type: "string", default: ".build" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (options.help || positionals.length > 1) {
    console.log(USAGE);
    process.exitCode = options.help ? 0 : 2;
    return;
  }
  const scripts = path.resolve(positionals[0] ?? path.join(here, "node_modules/@logto/schemas/alterations-js"));
  const modules = path.join(options.work, "alterations");
  fs.rmSync(modules, { recursive: true, force: true });
  fs.mkdirSync(modules, { recursive: true });
  const names = fs.readdirSync(scripts).filter((name) => name.endsWith(".js"));
  const alterations = names.sort().map((name) => alteration(path.join(scripts, name), modules));
  const manifest = path.join(options.work, "alteration.json");
  const contents = { manifest: 1, plugin: "logto/core", dialects: ["postgresql"], alterations };
  fs.writeFileSync(manifest, `${JSON.stringify(contents, null, 2)}\n`);

  const aliases = Object.entries(PLATFORM).flatMap(([name, file]) => ["--alias", `${name}=${platform(file)}`]);
  const out = options.component === undefined ? ["--bundle", "--out", options.out] : ["--component", options.component];
  // Evaluated once, and not in each hook: none of them draws ids or looks at settings before a script calls it.
  const files = new Set(["hook.js", ...Object.values(PLATFORM)]);
  const preloads = [...files].flatMap((file) => ["--preload", platform(file)]);
  // Alterations of a schema wait for the database, and each release is compiled anew.
  const args = [modules, "--manifest", manifest, "--small", ...out, ...aliases, ...preloads];
  const { status, error } = spawnSync(path.join(here, "node_modules/.bin/alteration-sdk"), args, { stdio: "inherit" });
  if (error) {
    console.error(`error: the SDK was not found (${error.message}): run \`npm install\` in ${here}`);
  }
  process.exitCode = status ?? 1;
}

function platform(file) {
  return path.join(here, "platform", file);
}

/** Writes the module of one script, and gives what the manifest declares of it. */
function alteration(script, modules) {
  const text = fs.readFileSync(script, "utf8");
  const id = path.basename(script, ".js");
  // A hook that a comment alone mentions is exported too, and does nothing.
  const hooks = HOOKS.filter((hook) => new RegExp(`\\b${hook}\\b`).test(text));
  const lines = [
    `import { hook } from ${JSON.stringify(platform("hook.js"))};`,
    `import script from ${JSON.stringify(script)};`,
    ...hooks.map((hook) => `export const ${hook} = hook(script.${hook});`),
  ];
  fs.writeFileSync(path.join(modules, `${id}.js`), `${lines.join("\n")}\n`);
  const settings = SETTINGS.filter(([mentioned]) => mentioned.test(text)).flatMap(([, names]) => names);
  return {
    id,
    // Of the script as its vendor shipped it: a package of a later release makes no other alteration of it.
    checksum: crypto.createHash("sha256").update(text).digest("hex"),
    preparation: hooks.includes("beforeUp") || hooks.includes("beforeDown"),
    backfill: false,
    ...(ENTROPY.test(text) ? { permissions: ["entropy"] } : {}),
    ...(settings.length > 0 ? { settings } : {}),
  };
}

main();
