// Takes out of a component what its engine needs only while it is made, so that nobody has to compile it: what starts
// the engine, what serves asynchronous components, and with `compiler: false` the compiler of JavaScript.
//
// A function that nothing can call keeps its number and type, and its body becomes a trap. Whatever stands in the
// engine's table counts as called, since what stands in memory is not looked at.

import crypto from "node:crypto";
import { leb128 } from "./sections.mjs";

/** What the engine exports for the time before the snapshot, and for components that are asynchronous. */
const UNUSED = /^(init|cabi_post_init|wit_dylib_initialize|__wasm_apply_data_relocs)$|async|future|stream/;
/** An export by which the engine's module is known among those of a component. */
const ENGINE = "wit_dylib_export_call";
/**
 * The entry of the compiler in the engine of `--small`, by the SHA-256 of its body: in the engine's table, and the one entry
 * without which the most code cannot be reached. Another release of the engine has another, and that for Windows has its own.
 */
const COMPILER = [
  "c115385412c67e296234982ab3f3242c371916e7b56789681fd04b5aba710134",
  "77c4c87a0378bfb1f65e7adb80d5feab8b1c367d837c95efd4aaee56f137a40f",
];

const MODULE = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const [CORE_MODULE, COMPONENT] = [1, 4];
const [IMPORT, TABLE, GLOBAL, EXPORT, START, ELEMENT, CODE] = [2, 4, 6, 7, 8, 9, 10];
const TRAP = Buffer.from([0, 0x00, 0x0b]);

/** `bytes` without what the engine of this component does not need any more. */
export function trim(bytes, { compiler }) {
  let engines = 0;
  const parts = sections(bytes).map(({ id, whole, content }) => {
    if (id === COMPONENT) {
      return content.includes(ENGINE) ? (engines++, section(id, trim(content, { compiler }))) : whole;
    }
    if (id !== CORE_MODULE || !exported(content).has(ENGINE)) {
      return whole;
    }
    engines += 1;
    return section(id, without(content, read(content), compiler));
  });
  if (engines !== 1) {
    throw new Error(`one engine was expected in a component, and there are ${engines}`);
  }
  return Buffer.concat([bytes.subarray(0, MODULE.length), ...parts]);
}

/** The module with a trap for each function that cannot be called. */
function without(content, module, compiler) {
  const entries = module.table.filter((index) => compiler || !COMPILER.includes(digest(module.body(index))));
  if (!compiler && entries.length === module.table.length) {
    console.error("warning: the compiler was not found in this engine, and stays in the component");
  }
  const used = [...module.exports].filter(([name]) => !UNUSED.test(name)).map(([, index]) => index);
  const callable = reach(module, [...used, ...module.start, ...entries]);
  const bodies = module.bodies.map((body, at) => {
    const kept = callable.has(module.imported + at) ? body : TRAP;
    return Buffer.concat([leb128(kept.length), kept]);
  });
  const code = section(CODE, Buffer.concat([leb128(bodies.length), ...bodies]));
  const parts = sections(content).map(({ id, whole }) => (id === CODE ? code : whole));
  return Buffer.concat([MODULE, ...parts]);
}

/** Numbers of the functions that a call of one of `roots` may come to. */
function reach(module, roots) {
  const found = new Set();
  const open = [...roots];
  while (open.length > 0) {
    const index = open.pop();
    if (index >= module.imported && !found.has(index)) {
      found.add(index);
      open.push(...named(module.body(index)));
    }
  }
  return found;
}

/** Numbers of the functions that a module exports, by name. */
function exported(content) {
  const found = sections(content).find(({ id }) => id === EXPORT);
  if (found === undefined) {
    return new Map();
  }
  const reader = new Reader(found.content);
  const all = reader.vector(() => [reader.name(), reader.byte(), reader.number()]);
  return new Map(all.filter(([, kind]) => kind === 0).map(([name, , index]) => [name, index]));
}

/** What of a module tells who calls whom. */
function read(content) {
  const module = { imported: 0, exports: exported(content), start: [], table: [], bodies: [] };
  module.body = (index) => module.bodies[index - module.imported];
  for (const { id, content: body } of sections(content)) {
    const reader = new Reader(body);
    if (id === IMPORT) {
      module.imported = reader.vector(() => imported(reader)).filter(Boolean).length;
    } else if (id === TABLE) {
      throw new Error("an engine with a table of its own is not known");
    } else if (id === GLOBAL) {
      module.start.push(...reader.vector(() => (reader.byte(), reader.byte(), expression(reader))).flat());
    } else if (id === START) {
      module.start.push(reader.number());
    } else if (id === ELEMENT) {
      module.table = reader.vector(() => element(reader)).flat();
    } else if (id === CODE) {
      module.bodies = reader.vector(() => reader.take(reader.number()));
    }
  }
  return module;
}

/** Whether an import is a function. */
function imported(reader) {
  reader.name();
  reader.name();
  const kind = reader.byte();
  const limits = () => {
    const flags = reader.byte();
    reader.number();
    if (flags & 1) reader.number();
  };
  const rest = [() => reader.number(), () => (reader.byte(), limits()), limits, () => (reader.byte(), reader.byte())];
  rest[kind]();
  return kind === 0;
}

/** The functions of a segment that is put into the first table. */
function element(reader) {
  const flags = reader.number();
  if (flags !== 0) {
    throw new Error(`an element segment of kind ${flags} is not known`);
  }
  return [...expression(reader), ...reader.vector(() => reader.number())];
}

/** The functions that a constant expression names. */
function expression(reader) {
  const found = [];
  while (reader.bytes[reader.at] !== 0x0b) {
    const index = instruction(reader);
    if (index !== undefined) found.push(index);
  }
  reader.byte();
  return found;
}

/** Numbers of the functions that a body calls or takes the address of. */
function named(body) {
  const reader = new Reader(body);
  reader.vector(() => (reader.number(), reader.number()));
  const found = [];
  while (!reader.done) {
    const index = instruction(reader);
    if (index !== undefined) found.push(index);
  }
  return found;
}

/** Reads one instruction; the number of the function that it names, if it names one. */
function instruction(reader) {
  const code = reader.byte();
  if (code === 0x10 || code === 0x12 || code === 0xd2) {
    return reader.number();
  }
  if (code === 0xfc) {
    const rest = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];
    skip(reader, rest[reader.number()]);
  } else if (code === 0x0e) {
    reader.vector(() => reader.number());
    reader.number();
  } else if (code === 0x1c) {
    reader.vector(() => reader.byte());
  } else if (code === 0x43 || code === 0x44) {
    reader.take(code === 0x43 ? 4 : 8);
  } else if (code >= 0x28 && code <= 0x3e && reader.bytes[reader.at] >= 0x40) {
    throw new Error("an engine with several memories is not known");
  } else {
    skip(reader, operands(code));
  }
  return undefined;
}

/** How many numbers follow an instruction of one byte; those with a sign have as many bytes. */
function operands(code) {
  if ([0x02, 0x03, 0x04, 0x0c, 0x0d, 0x3f, 0x40, 0x41, 0x42, 0xd0].includes(code) || (code >= 0x20 && code <= 0x26)) {
    return 1;
  }
  if (code === 0x11 || code === 0x13 || (code >= 0x28 && code <= 0x3e)) {
    return 2;
  }
  const plain = [0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1].includes(code) || (code >= 0x45 && code <= 0xc4);
  return plain ? 0 : undefined;
}

function skip(reader, numbers) {
  if (numbers === undefined) {
    throw new Error("the engine has an instruction that is not known");
  }
  for (let at = 0; at < numbers; at++) reader.number();
}

function digest(body) {
  return crypto.createHash("sha256").update(body).digest("hex");
}

function sections(bytes) {
  const reader = new Reader(bytes.subarray(MODULE.length));
  const found = [];
  while (!reader.done) {
    const start = reader.at;
    const id = reader.byte();
    const content = reader.take(reader.number());
    found.push({ id, content, whole: reader.bytes.subarray(start, reader.at) });
  }
  return found;
}

function section(id, content) {
  return Buffer.concat([Buffer.of(id), leb128(content.length), content]);
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get done() {
    return this.at >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** A number without sign, of at most 32 bits. One with a sign, or a longer one, is read over. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (byte === undefined) throw new Error("a module ends within a number");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  take(length) {
    return this.bytes.subarray(this.at, (this.at += length));
  }

  name() {
    return this.take(this.number()).toString();
  }

  vector(item) {
    return Array.from({ length: this.number() }, item);
  }
}
