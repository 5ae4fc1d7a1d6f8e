// Stands in for host.js in Node.js, where there is no host: an author's tests can import the SDK, and
// what would need the host says so.

function missing(name) {
  return new Proxy(
    {},
    {
      get(_, member) {
        throw new Error(`${name}.${String(member)} needs the runner: there is none outside of a hook`);
      },
    },
  );
}

export const database = missing("database");
export const entropy = missing("entropy");
export const log = missing("log");
export const settings = missing("settings");
