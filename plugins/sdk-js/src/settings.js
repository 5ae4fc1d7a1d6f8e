// Settings: what the operator says to this plugin, by names that the manifest declares.

import { conversion } from "./error.js";
import { settings as host } from "#host";
import { isText } from "./text.js";
import { shown } from "./value.js";

export const settings = {
  get(name) {
    if (!isText(name)) {
      throw conversion(`settings.get() takes a name, not ${shown(name)}`);
    }
    return host.get(name) ?? null;
  },
};
