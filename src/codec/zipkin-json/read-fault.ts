/** What Zipkin says of JSON that it cannot read. Paths are those of its reader: `$[0].tags.x`. */

import { TracAggError } from "../../base/errors.ts";

/** The refusal of a whole list: cause first, as senders know it. */
export function readingFault(cause: string): TracAggError {
  return new TracAggError("invalid_argument", `${cause} reading List<Span> from json`);
}

/** What a value is called. */
function tokenOf(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return "BEGIN_ARRAY";
  if (typeof value === "object") return "BEGIN_OBJECT";
  return typeof value === "boolean" ? "BOOLEAN" : typeof value === "number" ? "NUMBER" : "STRING";
}

/** Where a value lies, in the pieces of its path; joined only when it is at fault. */
export type Place = readonly (string | number)[];

function pathOf(place: Place): string {
  return `$${place.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("")}`;
}

/** A value of another kind than expected. */
export function typeFault(expected: string, value: unknown, place: Place): TracAggError {
  return readingFault(`Expected ${expected} but was ${tokenOf(value)} at path ${pathOf(place)}`);
}

/** A list without what it needs. */
export function incompleteFault(what: string, place: Place): TracAggError {
  return readingFault(`${what} at ${pathOf(place)}`);
}

/** An object; anything else is malformed. */
export function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw readingFault("Malformed");
}

/** A list. */
export function listIn(value: unknown, place: Place): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw typeFault("BEGIN_ARRAY", value, place);
}

/** A text; a number is read as its digits. */
export function textIn(value: unknown, place: Place): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw typeFault("a string", value, place);
}

/** A whole number, also as text; below zero is 0. */
export function amountIn(value: unknown, place: Place): number {
  const number = typeof value === "string" && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) throw typeFault("a long", value, place);
  return Math.max(0, number);
}

/** True or false. */
export function truthIn(value: unknown, place: Place): boolean {
  if (typeof value === "boolean") return value;
  throw typeFault("a boolean", value, place);
}
