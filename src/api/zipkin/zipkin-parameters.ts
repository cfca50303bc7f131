/** Parameters of Zipkin's API, refused in Zipkin's own words. */

import { TracAggError } from "../../base/errors.ts";
import type { ZipkinCriteria } from "../../query/zipkin-criteria.ts";

/** How far a search looks back when it does not say: a day. */
const DEFAULT_LOOKBACK_MILLIS = 86_400_000;
/** Traces of an answer when no number is asked for. */
const DEFAULT_LIMIT = 10;
/** Terms of an annotation query; what follows is a part of the last one. */
const MAX_TERMS = 100;
/** Latest moment that has a text: times beyond it mean "everything". */
const MAX_UNIX_MILLIS = 8_640_000_000_000_000;

/** A refusal with exactly this text. */
export function refused(message: string): TracAggError {
  return new TracAggError("invalid_argument", message);
}

/** A search. */
export interface ZipkinSearch {
  readonly criteria: ZipkinCriteria;
  readonly endTsMillis: number;
  readonly lookbackMillis: number;
  readonly limit: number;
}

/**
 * Reads a search.
 *
 * @throws TracAggError `invalid_argument` for what Zipkin refuses.
 */
export function searchFrom(search: URLSearchParams, nowMillis: number): ZipkinSearch {
  const range = rangeFrom(search, nowMillis, numberFrom(search, "limit") ?? DEFAULT_LIMIT);
  const minDuration = numberFrom(search, "minDuration");
  const maxDuration = numberFrom(search, "maxDuration");
  checkDurations(minDuration, maxDuration);
  return {
    ...range,
    criteria: {
      serviceName: nameFrom(search, "serviceName"),
      remoteServiceName: nameFrom(search, "remoteServiceName"),
      spanName: spanNameFrom(search),
      minDurationMicros: minDuration === undefined ? undefined : BigInt(minDuration),
      maxDurationMicros: maxDuration === undefined ? undefined : BigInt(maxDuration),
      annotationQuery: annotationQueryFrom(search.get("annotationQuery") ?? ""),
    },
  };
}

/** The range of a question about dependencies. @throws TracAggError `invalid_argument` for what Zipkin refuses. */
export function dependencyRangeFrom(
  search: URLSearchParams,
): Pick<ZipkinSearch, "endTsMillis" | "lookbackMillis"> {
  if (search.get("endTs") === null) throw missing("endTs");
  return rangeFrom(search, 0, DEFAULT_LIMIT);
}

/** A parameter that has to be there. @throws TracAggError `invalid_argument` when it is not. */
export function requiredFrom(search: URLSearchParams, name: string): string {
  const value = search.get(name);
  if (value === null) throw missing(name);
  return value;
}

/**
 * An id as Zipkin stores it: of 16 or 32 digits, cut to 16 where the rest is zeros.
 *
 * @throws TracAggError `invalid_argument` for what is none.
 */
export function normalisedTraceId(text: string): string {
  const id = text.trim();
  if (id === "") throw refused("traceId is empty");
  if (!/^[0-9a-f]+$/.test(id)) throw refused(`${id} should be lower-hex encoded with no prefix`);
  if (id.length > 32) throw refused("traceId.length > 32");
  if (/^0+$/.test(id)) throw refused("traceId is all zeros");
  const padded = id.padStart(32, "0");
  return padded.startsWith("0".repeat(16)) ? padded.slice(16) : padded;
}

function missing(name: string): TracAggError {
  return refused(`${name}: expected this parameter, got none`);
}

function rangeFrom(
  search: URLSearchParams,
  nowMillis: number,
  limit: number,
): Omit<ZipkinSearch, "criteria"> {
  const endTsMillis = numberFrom(search, "endTs") ?? nowMillis;
  const lookbackMillis = numberFrom(search, "lookback") ?? DEFAULT_LOOKBACK_MILLIS;
  if (endTsMillis <= 0) throw refused("endTs <= 0");
  if (limit <= 0) throw refused("limit <= 0");
  if (lookbackMillis <= 0) throw refused("lookback <= 0");
  return { endTsMillis: Math.min(endTsMillis, MAX_UNIX_MILLIS), lookbackMillis, limit };
}

/** Undefined where it is absent or empty. */
function numberFrom(search: URLSearchParams, name: string): number | undefined {
  const text = search.get(name) ?? "";
  if (text === "") return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw refused(`${name}: expected a whole number, got ${JSON.stringify(text)}`);
}

function checkDurations(minDuration: number | undefined, maxDuration: number | undefined): void {
  if (minDuration === undefined) {
    if (maxDuration !== undefined) throw refused("maxDuration is only valid with minDuration");
    return;
  }
  if (minDuration <= 0) throw refused("minDuration <= 0");
  if (maxDuration !== undefined && maxDuration < minDuration) throw refused("maxDuration < minDuration");
}

function nameFrom(search: URLSearchParams, name: string): string | undefined {
  const value = (search.get(name) ?? "").toLowerCase();
  return value === "" ? undefined : value;
}

function spanNameFrom(search: URLSearchParams): string | undefined {
  const name = nameFrom(search, "spanName");
  return name === "all" ? undefined : name;
}

/** `k=v and k`: of one key the last value counts, a bare key only where there is no value. */
function annotationQueryFrom(text: string): ReadonlyMap<string, string> {
  const terms = text === "" ? [] : text.split(" and ");
  const last = terms.slice(MAX_TERMS - 1).join(" and ");
  const bounded = terms.length > MAX_TERMS ? [...terms.slice(0, MAX_TERMS - 1), last] : terms;
  const query = new Map<string, string>();
  for (const term of bounded) {
    const at = term.indexOf("=");
    if (at !== -1) query.set(term.slice(0, at), term.slice(at + 1));
    else if (!query.has(term)) query.set(term, "");
  }
  return query;
}
