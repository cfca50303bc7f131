/** When two spans are the same span. */

import type { Span } from "./span.ts";

/** True when all members are equal: ids, times, names, and every attribute, event, link and resource by value. */
export function isSameSpan(left: Span, right: Span): boolean {
  return isEqual(left, right);
}

/** Equality by value of plain data; NaN equals NaN, the order of object keys does not matter. */
function isEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  if (left instanceof Uint8Array !== right instanceof Uint8Array) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(right, key) &&
      isEqual((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  );
}
