// Stands for `URL`, which the engine does not have: an http address, as far as paths are added to one.

const ADDRESS = /^(https?:\/\/[^/?#]+)(\/[^?#]*)?$/i;

export class URL {
  constructor(text, base) {
    const [, origin, pathname = "/"] = String(base === undefined ? text : new URL(base).origin + text).match(ADDRESS) ?? [];
    if (origin === undefined) {
      throw new TypeError(`not an http address: ${text}`);
    }
    this.origin = origin.toLowerCase();
    this.pathname = pathname;
  }

  toString() {
    return this.origin + this.pathname;
  }
}
