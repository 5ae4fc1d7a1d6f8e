// Stands for `@logto/shared` and its part `universal`: what scripts use of it, most of it from the package itself.

import UrlSet from "../node_modules/@logto/shared/lib/node/env/UrlSet.js";

export * from "../node_modules/@logto/shared/lib/utils/id.js";

/** The two addresses that a script asks for, of the many values that the package reads from its environment. */
export class GlobalValues {
  adminUrlSet = new UrlSet(false, 3002, "ADMIN_");
  cloudUrlSet = new UrlSet(false, 3003, "CLOUD_");
}

/** Lines for the operator. */
export class ConsoleLog {
  plain = console.log;
  info = console.info;
  succeed = console.info;
  warn = console.warn;
  error = console.error;
}
