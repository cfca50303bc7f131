/** What a search of the legacy API asks for. */

import { isoFromUnixNano } from "../../model/time.ts";
import type { SpanTagSearch } from "../../query/span-tag-query.ts";
import { spanTagQuery } from "../../query/span-tag-query.ts";
import type { TextRange } from "../../query/trace-filter.ts";
import { badRequest, bareInteger, durationParameter, integerParameter, truthParameter } from "./go-values.ts";
import { legacyTraceId } from "./legacy-trace-id.ts";

const DEFAULT_LIMIT = 100;
/** Far above what Jaeger's UI asks for, 1,500; each trace is given whole. */
const MAX_LIMIT = 10_000;
const NANOS_PER_MICRO = 1_000n;
const DEFAULT_LOOKBACK_NANOS = 2n * 86_400n * 1_000_000_000n;
/** The last moment that a time can be. */
const MAX_UNIX_NANO = 2n ** 64n - 1n;

/** A search, or traces by id. */
export interface LegacySearch {
  /** 32 hex digits each; when there are any, nothing else counts. */
  readonly traceIds: readonly string[];
  /** TraceQL; undefined when {@link LegacySearch.names} say all. */
  readonly q: string | undefined;
  readonly names: { readonly serviceName: string; readonly operationName?: string };
  /** Undefined: nothing can lie in it. */
  readonly range: TextRange | undefined;
  readonly maxTraces: number;
  /** True: spans as they were sent. */
  readonly isRaw: boolean;
}

/**
 * Reads the parameters of `/api/traces`, in the order in which Jaeger refuses them.
 *
 * @throws TracAggError `invalid_argument`.
 */
export function legacySearchFrom(search: URLSearchParams, nowMillis: number): LegacySearch {
  const now = BigInt(Math.trunc(nowMillis)) * 1_000_000n;
  const start = microsParameter(search, "start") ?? now - DEFAULT_LOOKBACK_NANOS;
  const end = microsParameter(search, "end") ?? now;
  const tags = tagsFrom(search);
  const limit = bareInteger(search, "limit") ?? DEFAULT_LIMIT;
  const minDuration = durationParameter(search, "minDuration") ?? 0n;
  const maxDuration = durationParameter(search, "maxDuration") ?? 0n;
  const traceIds = search.getAll("traceID").map(idFrom);
  const isRaw = truthParameter(search, "raw");
  const service = search.get("service") ?? "";
  if (traceIds.length === 0 && service === "") throw badRequest("parameter 'service' is required", "service");
  if (minDuration !== 0n && maxDuration !== 0n && maxDuration < minDuration) {
    throw badRequest("'maxDuration' should be greater than 'minDuration'", "maxDuration");
  }
  if (limit < 1 || limit > MAX_LIMIT) {
    throw badRequest(`'limit' should be from 1 to ${MAX_LIMIT}, received: ${limit}`, "limit");
  }
  const operation = search.get("operation") ?? "";
  const conditions = { service, operation, tags, minDuration, maxDuration };
  return {
    traceIds,
    q: isPlain(conditions) ? undefined : spanTagQuery(conditions),
    names: { serviceName: service, ...(operation === "" ? {} : { operationName: operation }) },
    range: rangeOf(start, end),
    maxTraces: limit,
    isRaw,
  };
}

/** Microseconds since the epoch as nanoseconds, or undefined. @throws TracAggError `invalid_argument`. */
export function microsParameter(search: URLSearchParams, name: string): bigint | undefined {
  const micros = integerParameter(search, name);
  return micros === undefined ? undefined : micros * NANOS_PER_MICRO;
}

/** A range of nanoseconds; undefined when it ends before it begins. */
export function rangeOf(start: bigint, end: bigint): TextRange | undefined {
  const from = clamped(start);
  const to = clamped(end);
  return to <= from ? undefined : { start: isoFromUnixNano(from), end: isoFromUnixNano(to) };
}

function clamped(nanos: bigint): bigint {
  if (nanos < 0n) return 0n;
  return nanos > MAX_UNIX_NANO ? MAX_UNIX_NANO : nanos;
}

function idFrom(text: string): string {
  try {
    return legacyTraceId(text);
  } catch (thrown) {
    throw badRequest(`cannot parse traceID param: ${(thrown as Error).message}`, "traceID");
  }
}

/** By key: the last one counts, and those in JSON count after the others. */
function tagsFrom(search: URLSearchParams): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of search.getAll("tag")) {
    const colon = tag.indexOf(":");
    if (colon === -1) {
      throw badRequest(`malformed 'tag' parameter, expecting key:value, received: ${tag}`, "tag");
    }
    tags.set(tag.slice(0, colon), tag.slice(colon + 1));
  }
  for (const text of search.getAll("tags")) {
    for (const [key, value] of Object.entries(tagsFromJson(text))) tags.set(key, value);
  }
  return tags;
}

function tagsFromJson(text: string): Readonly<Record<string, string>> {
  const refused = (reason: string) =>
    badRequest(`malformed 'tags' parameter, cannot unmarshal JSON: ${reason}`, "tags");
  let tags: unknown;
  try {
    tags = JSON.parse(text);
  } catch (thrown) {
    throw refused((thrown as Error).message);
  }
  const isMap = typeof tags === "object" && tags !== null && !Array.isArray(tags);
  if (!isMap) throw refused("expected an object of strings");
  for (const [key, value] of Object.entries(tags as object)) {
    if (typeof value !== "string") throw refused(`expected a string under ${JSON.stringify(key)}`);
  }
  return tags as Readonly<Record<string, string>>;
}

/** True when names are all that is asked for. */
function isPlain({ tags, minDuration, maxDuration }: SpanTagSearch): boolean {
  return tags.size === 0 && minDuration <= 0n && maxDuration <= 0n;
}
