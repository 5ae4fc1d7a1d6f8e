// Slugs of titles. Needs no database, so that `npm test` can test it.

/** Words of letters and digits, in lower case, with `-` between them. */
export function slugOf(title) {
  const words = title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join("-");
}
