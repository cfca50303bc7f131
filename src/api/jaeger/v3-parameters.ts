/** Query parameters of api_v3: each has a name as protobuf's JSON writes it and, for most, an older one. */

import { bytesFromBase64 } from "../../base/base64.ts";
import { hexFromBytes } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import { nanosFromGoDuration } from "../../base/go-duration.ts";
import { unixNanoFromIso } from "../../model/time.ts";

/** Most traces of one search: what Jaeger's largest stores allow. */
export const MAX_SEARCH_DEPTH = 10_000;
/** Traces of a search that does not say how many. */
export const DEFAULT_SEARCH_DEPTH = 100;

/** A parameter that was given: the name it was given by, and its text. */
export interface GivenParameter {
  readonly name: string;
  readonly text: string;
}

/** The first of some names that is given with a text. */
export function parameterOf(
  search: URLSearchParams,
  ...names: readonly string[]
): GivenParameter | undefined {
  for (const name of names) {
    const text = search.get(name);
    if (text !== null && text !== "") return { name, text };
  }
  return undefined;
}

/** An `invalid_argument` as Jaeger words what is wrong with one parameter. */
export function malformed(name: string, reason: string): TracAggError {
  return new TracAggError("invalid_argument", `malformed parameter ${name}: ${reason}`, { field: name });
}

/** A time in nanoseconds since the epoch; undefined when it was not given. */
export function timeOf(given: GivenParameter | undefined): bigint | undefined {
  if (given === undefined) return undefined;
  // A bare + reads as a space in a query string, so a zone such as " 02:00" is meant as "+02:00".
  const nanos = unixNanoFromIso(given.text.replace(/ (?=\d\d:\d\d$)/, "+"));
  if (nanos !== undefined) return nanos;
  throw malformed(given.name, `expected a time as RFC 3339 writes it, got ${JSON.stringify(given.text)}`);
}

/** A length of time in nanoseconds; undefined when it was not given. */
export function durationOf(given: GivenParameter | undefined): bigint | undefined {
  if (given === undefined) return undefined;
  const nanos = nanosFromGoDuration(given.text);
  if (nanos !== undefined) return nanos;
  throw malformed(given.name, `expected a duration such as 1.5s or 100ms, got ${JSON.stringify(given.text)}`);
}

/** A number of traces. */
export function searchDepthOf(given: GivenParameter | undefined): number {
  if (given === undefined) return DEFAULT_SEARCH_DEPTH;
  const { name, text } = given;
  const depth = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (depth === undefined || depth > MAX_SEARCH_DEPTH) {
    throw malformed(name, `expected a whole number up to ${MAX_SEARCH_DEPTH}, got ${JSON.stringify(text)}`);
  }
  return depth === 0 ? DEFAULT_SEARCH_DEPTH : depth;
}

const TRUTHS: Readonly<Record<string, boolean>> = Object.freeze(
  Object.fromEntries([
    ...["1", "t", "T", "TRUE", "true", "True"].map((word) => [word, true] as const),
    ...["0", "f", "F", "FALSE", "false", "False"].map((word) => [word, false] as const),
  ]),
);

/** Refuses a truth value that is none, as Go reads them. */
export function checkTruth(given: GivenParameter | undefined): void {
  if (given === undefined || Object.hasOwn(TRUTHS, given.text)) return;
  throw malformed(given.name, `expected true or false, got ${JSON.stringify(given.text)}`);
}

/**
 * A trace id as people and programs write it, as 32 lower-case hex digits: up to 32 hex digits, or 16 bytes in base64 of
 * either alphabet; undefined when it is none.
 */
export function traceIdOf(text: string): string | undefined {
  const hex = /^[0-9a-f]{1,32}$/i.test(text) ? text.toLowerCase().padStart(32, "0") : hexOfBase64(text);
  return hex === undefined || /^0+$/.test(hex) ? undefined : hex;
}

function hexOfBase64(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/_-]{22}(?:==)?$/.test(text)) return undefined;
  const standard = text.slice(0, 22).replaceAll("-", "+").replaceAll("_", "/");
  const bytes = bytesFromBase64(`${standard}==`);
  return bytes?.length === 16 ? hexFromBytes(bytes) : undefined;
}
