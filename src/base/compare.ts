/** Order of values that does not depend on a language. */

/**
 * Numbers by size, texts by code unit, absent ones before any other: negative, zero or positive, as `sort` asks for it.
 */
export function compareValues<T extends string | bigint>(left: T | undefined, right: T | undefined): number {
  if (left === right) return 0;
  if (left === undefined) return -1;
  if (right === undefined) return 1;
  return left < right ? -1 : 1;
}
