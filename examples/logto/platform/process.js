// Stands for an environment of variables: what the operator set for this plugin, and nothing of the machine.

import { settings } from "alteration-sdk";

/** The value of a variable, or undefined. */
export function environment(name) {
  return settings.get(name) ?? undefined;
}
