// Stands for `@logto/core-kit`: the one function that a script uses, from the package itself.

export { generateDarkColor } from "../node_modules/@logto/core-kit/lib/utils/color.js";
