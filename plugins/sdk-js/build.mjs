#!/usr/bin/env node
// From an author's modules to components that the runner deploys: bundles, lowers `async`, makes a component
// of it (QuickJS), and hands that to `runner pack`.
//
// Knows the manifest only as far as it has to tell files apart; `runner pack` is the judge of it.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BuildError, bundle } from "./build/bundle.mjs";
import { built, digestOf, withDigest } from "./build/digest.mjs";
import { answer } from "./build/request.mjs";
import { alterations } from "./build/sources.mjs";
import { trim } from "./build/trim.mjs";

const USAGE = `Usage: alteration-sdk SOURCE [--manifest FILE] [--out DIR] [--bundle] [--replace]
       alteration-sdk SOURCE --component FILE
       alteration-sdk --request FILE

SOURCE is a module with the hooks of an alteration (up, down, beforeUp, beforeDown, step), or a folder of
modules, each named by the id of its alteration.

  --manifest FILE   what it is and asks for; alteration.json if not given
  --out DIR         where the packed component goes; dist if not given
  --bundle          one component for a whole folder, instead of one for each alteration
  --replace         replaces components in DIR that were never shipped
  --alias NAME=FILE a module of yours stands for a package, or a part of Node.js, that modules import
  --preload FILE    a module that others share is evaluated when the component is made, and not in each hook
  --small           an engine that is smaller, compiled sooner, slower with many rows, and without eval
  --component FILE  writes the component as it is before \`runner pack\`, without a manifest
  --request FILE    answers \`runner build\` of a project, in its folder; package.json has the options

RUNNER names the runner, if it is not on PATH.`;

const OPTIONS = {
  manifest: { type: "string", default: "alteration.json" },
  out: { type: "string", default: "dist" },
  bundle: { type: "boolean", default: false },
  replace: { type: "boolean", default: false },
  alias: { type: "string", multiple: true, default: [] },
  preload: { type: "string", multiple: true, default: [] },
  small: { type: "boolean", default: false },
  component: { type: "string" },
  request: { type: "string" },
  help: { type: "boolean", short: "h" },
};

async function main() {
  const { values: options, positionals } = arguments_();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (options.request !== undefined) {
    await answer(options.request, component);
    return;
  }
  if (positionals.length !== 1) {
    throw new BuildError(`one SOURCE is needed\n\n${USAGE}`, 2);
  }
  const [source] = positionals;
  const alias = aliases(options.alias);
  const shared = { alias, preload: options.preload, small: options.small };
  if (options.component !== undefined) {
    const modules = fs.statSync(source, { throwIfNoEntry: false })?.isDirectory()
      ? alterations(source, { ...options, alias }).flatMap(({ modules }) => modules)
      : [{ id: null, file: source }];
    const bundled = await bundle(modules, new Set(), shared);
    fs.writeFileSync(options.component, await component(bundled));
    return;
  }
  const work = fs.mkdtempSync(path.join(fs.realpathSync("."), ".alteration-sdk-"));
  try {
    for (const { name, modules, manifest, irreversible } of alterations(source, { ...options, alias })) {
      const bundled = await bundle(modules, irreversible, shared);
      const complete = await manifest(work);
      const digest = digestOf(bundled, fs.readFileSync(complete));
      const there = built(options.out, digest);
      if (there !== undefined) {
        console.log(`${there}  unchanged`);
        continue;
      }
      const file = path.join(work, `${name}.wasm`);
      fs.writeFileSync(file, withDigest(await component(bundled), digest));
      pack(file, complete, options);
    }
  } finally {
    fs.rmSync(work, { recursive: true });
  }
}

function arguments_() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new BuildError(`${error.message}\n\n${USAGE}`, 2);
  }
}

/** What stands for a package, by its name; as absolute paths, because every module may import it. */
function aliases(given) {
  const pairs = given.map((text) => {
    const [, name, file] = text.match(/^([^=]+)=(.+)$/) ?? [];
    if (file === undefined) {
      throw new BuildError(`--alias takes NAME=FILE, not ${text}`, 2);
    }
    if (!fs.existsSync(file)) {
      throw new BuildError(`--alias ${text}: ${file} is not there`);
    }
    return [name, path.resolve(file)];
  });
  return Object.fromEntries(pairs);
}

/** The bytes of a component. */
async function component({ code, world, sections, small }) {
  // Here and not at the top, because loading it takes longer than finding a mistake in the sources.
  const { componentize } = await import("componentize-qjs");
  try {
    const { component: bytes } = await componentize({
      witPath: fileURLToPath(new URL("wit", import.meta.url)),
      jsSource: code,
      world,
      optSize: small,
      // The runner's engine has no component-model async.
      sync: true,
    });
    return Buffer.concat([trim(bytes, { compiler: !small }), ...sections]);
  } catch (error) {
    const [, asked] = error.message.match(/unknown import: `runner:alteration\/(\w+)@/) ?? [];
    if (asked !== undefined) {
      throw new BuildError(`a module of --preload asks for ${asked} when it is evaluated, which only hooks have: leave it out`);
    }
    throw new BuildError(`the component could not be made:\n${error.message.trim()}`);
  }
}

function pack(file, manifest, { out, replace }) {
  const runner = process.env.RUNNER || "runner";
  const args = ["pack", file, "--manifest", manifest, "--out", out, ...(replace ? ["--replace"] : [])];
  const { status, error } = spawnSync(runner, args, { stdio: "inherit" });
  if (error?.code === "ENOENT") {
    throw new BuildError(`${runner} was not found: put it on PATH, or name it in RUNNER`);
  }
  if (error || status !== 0) {
    throw new BuildError(error ? `${runner}: ${error.message}` : "the component was not packed");
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) {
    throw error;
  }
  console.error(`error: ${error.message}`);
  process.exitCode = error.code;
}
