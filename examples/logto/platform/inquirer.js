// Stands for `inquirer`. Nobody sits before a hook: what a script asks has to be answered before it runs.

import { environment } from "./process.js";

const YES = ["1", "t", "true", "y", "yes"];

export default {
  /** One question, as both scripts that ask have it; none where its `when` says no. */
  async prompt({ name, message, when = true }) {
    if (!when) {
      return {};
    }
    const answer = environment(name);
    if (answer === undefined) {
      throw new Error(`nobody is here to answer; do it with \`--set logto/core:${name}=yes\` or \`=no\`: ${message}`);
    }
    return { [name]: YES.includes(answer.toLowerCase()) };
  },
};
