/** Reading untyped JSON with errors that say where: the path, what was expected, what came. */

import { TracAggError } from "../base/errors.ts";

/** A JSON object of unknown members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The refusal of one value: `path: expected ..., got ...`. */
export function shapeError(path: string, expected: string, value: unknown): TracAggError {
  const got = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  const shown = got.length > 60 ? `${got.slice(0, 57)}...` : got;
  return new TracAggError("invalid_argument", `${path}: expected ${expected}, got ${shown}`);
}

/** An object, or the refusal. */
export function objectAt(value: unknown, path: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw shapeError(path, "an object", value);
}

/** A list; absent and null read as empty. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw shapeError(path, "a list", value);
}

/** A string; absent and null read as "". */
export function textAt(value: unknown, path: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw shapeError(path, "a string", value);
}

/** Whole microseconds from a JSON number or decimal string, as nanoseconds; absent and null read as 0. */
export function nanosFromMicrosAt(value: unknown, path: string): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) {
    return BigInt(Math.trunc(value)) * 1_000n;
  }
  if (typeof value === "string" && /^\d{1,19}$/.test(value)) return BigInt(value) * 1_000n;
  throw shapeError(path, "microseconds, zero or more", value);
}

/** A lower-case hex id of up to `digits` digits in either case, padded on the left; all zeros are refused. */
export function hexIdAt(value: unknown, digits: 16 | 32, path: string): string {
  const pattern = digits === 32 ? /^[0-9a-fA-F]{1,32}$/ : /^[0-9a-fA-F]{1,16}$/;
  if (typeof value !== "string" || !pattern.test(value) || /^0+$/.test(value)) {
    throw shapeError(path, `1 to ${digits} hex digits, not all zero`, value);
  }
  return value.toLowerCase().padStart(digits, "0");
}
