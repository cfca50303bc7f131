/** Names of operations without the ids in them, so that `GET /orders/17` and `GET /orders/18` are one operation. */

/** What stands for an id: one word for every sort, since an id of hex digits is at times all digits. */
export const ID_PLACEHOLDER = "{id}";

/**
 * What is an id whatever lies beside it (a UUID, a date with or without a time, a number with its separators), or else
 * a word of letters and digits.
 */
const PIECE =
  /(?<![0-9a-z])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?|\d+(?:[.,:]\d+)*)(?![0-9a-z])|[0-9a-z]+/gi;
const HEX = /^(?:0x[0-9a-f]+|[0-9a-f]{8,})$/i;
const DIGITS_AT_END = /\d{3,}$/;
const DIGIT_RUNS = /\d+/g;

/** Shortest word of mixed letters and digits that may be an id: `s3v4` and `b2b` are words. */
const MIN_MIXED_LENGTH = 5;
/** Least share of digits in one: `convertUtf8ToUtf16` is a word. */
const MIN_MIXED_DIGITS = 1 / 4;

/**
 * The name with ids, UUIDs, hex, dates and numbers replaced by `{id}`. Applying it again changes
 * nothing.
 *
 * - Hex counts from 8 digits on, when one of them is a digit from 0 to 9; after `0x` always.
 * - Digits at the end of a word count from three on (`order12345`), so that `v2`, `s3` and `http2` stay.
 * - A word of letters and digits in turns counts when a quarter of it is digits (`x2x4z`, a ULID).
 *
 * Ids of letters alone, or nearly so, cannot be told from words and stay.
 *
 * @example
 * operationTemplate("GET /users/42/orders/9f1c2a7e41"); // "GET /users/{id}/orders/{id}"
 */
export function operationTemplate(name: string): string {
  if (!hasDigit(name)) return name;
  return name.replace(PIECE, (piece, id: string | undefined) =>
    id === undefined ? wordTemplate(piece) : ID_PLACEHOLDER,
  );
}

/** A loop, since most names have no digit and a regular expression costs more to start than this to run. */
function hasDigit(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index);
    if (unit >= 0x30 && unit <= 0x39) return true;
  }
  return false;
}

function wordTemplate(word: string): string {
  if (!hasDigit(word)) return word;
  if (HEX.test(word) || isMixedId(word)) return ID_PLACEHOLDER;
  return word.replace(DIGITS_AT_END, ID_PLACEHOLDER);
}

function isMixedId(word: string): boolean {
  if (word.length < MIN_MIXED_LENGTH) return false;
  const runs = word.match(DIGIT_RUNS) ?? [];
  const digits = runs.reduce((sum, run) => sum + run.length, 0);
  return runs.length > 1 && digits >= word.length * MIN_MIXED_DIGITS;
}
