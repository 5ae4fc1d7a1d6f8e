// Makes a component of native async hooks, as somebody would who does not know the SDK.
//
//     node unlowered.mjs --component FILE

import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { componentize } from "../../plugins/sdk-js/node_modules/componentize-qjs/index.js";

const SOURCE = `
import database from "runner:alteration/database@0.1.0";

const later = async (sql) => database.execute(sql, []);

export const hooks = {
  async up() {
    await later("CREATE TABLE before_the_first_await (n INTEGER)");
    await later("CREATE TABLE after_the_first_await (n INTEGER)");
  },
  async down() {},
};
`;

const { component } = await componentize({
  witPath: fileURLToPath(new URL("../../wit", import.meta.url)),
  jsSource: SOURCE,
  world: "alteration",
  sync: true,
});
fs.writeFileSync(process.argv[3], component);
