/** Which series are asked for, from the parameters of a request or a message of the stream. */

import { unixNanoFromIso } from "../../model/time.ts";
import type { SeriesRequest } from "../../query/query-series.ts";
import { MAX_EXEMPLARS, MAX_SERIES } from "../../query/query-series.ts";
import { badRequest } from "./tempo-error.ts";
import { wholeNumber } from "./tempo-parameters.ts";

const NANOS_PER_SECOND = 1_000_000_000n;
const MAX_UNIX_NANO = 2n ** 63n;

/**
 * Reads the parameters of `/api/metrics/query_range`.
 *
 * @throws TracAggError `invalid_argument`
 */
export function rangeFromParameters(search: URLSearchParams): SeriesRequest {
  return {
    ...commonOf(search),
    ...optional("step", stepText(search.get("step") ?? "")),
    ...countsOf(wholeNumber(search, "exemplars"), wholeNumber(search, "maxSeries")),
  };
}

/**
 * Reads the parameters of `/api/metrics/query`: one value for the whole range, whatever the step.
 *
 * @throws TracAggError `invalid_argument`
 */
export function instantFromParameters(search: URLSearchParams): SeriesRequest {
  return {
    ...commonOf(search),
    ...countsOf(undefined, wholeNumber(search, "maxSeries")),
    isInstant: true,
  };
}

/** A `QueryRangeRequest` or `QueryInstantRequest` as it comes off the wire; 64-bit numbers are texts. */
export interface MetricsRequestMessage {
  readonly query?: string;
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
  readonly exemplars?: number;
  readonly maxSeries?: number;
}

/**
 * Reads a `QueryRangeRequest`; in protobuf a number that was not given is 0.
 *
 * @throws TracAggError `invalid_argument`
 */
export function rangeFromMessage(message: MetricsRequestMessage): SeriesRequest {
  const step = BigInt(message.step ?? 0);
  return {
    ...commonFromMessage(message),
    ...(step === 0n ? {} : { step: `${step}ns` }),
    ...countsOf(message.exemplars, message.maxSeries),
  };
}

/**
 * Reads a `QueryInstantRequest`.
 *
 * @throws TracAggError `invalid_argument`
 */
export function instantFromMessage(message: MetricsRequestMessage): SeriesRequest {
  return { ...commonFromMessage(message), isInstant: true };
}

function commonFromMessage({ query = "", start, end }: MetricsRequestMessage): SeriesRequest {
  const nanos = (text = "0"): bigint | undefined => BigInt(text) || undefined;
  return { q: query, ...rangeOf(nanos(start), nanos(end)) };
}

function commonOf(search: URLSearchParams): SeriesRequest {
  const start = momentOf(search, "start");
  const range = rangeOf(start, momentOf(search, "end"));
  // A start says more than how long ago it is.
  const since = start === undefined ? search.get("since") || undefined : undefined;
  return { q: search.get("q") || search.get("query") || "", ...range, ...optional("since", since) };
}

function rangeOf(start: bigint | undefined, end: bigint | undefined): Pick<SeriesRequest, "start" | "end"> {
  if (start !== undefined && end !== undefined && end <= start) {
    const received = `received start=${start} end=${end}`;
    throw badRequest(`http parameter start must be before end. ${received}`, "start");
  }
  return { ...optional("start", secondsText(start)), ...optional("end", secondsText(end)) };
}

/** Seconds with nine decimals: the one form of a moment whose unit does not follow from its size. */
function secondsText(unixNano: bigint | undefined): string | undefined {
  if (unixNano === undefined) return undefined;
  const fraction = (unixNano % NANOS_PER_SECOND).toString().padStart(9, "0");
  return `${unixNano / NANOS_PER_SECOND}.${fraction}`;
}

/** A number of up to ten digits is seconds, which may have decimals; a longer one nanoseconds; else RFC 3339. */
function momentOf(search: URLSearchParams, name: string): bigint | undefined {
  const text = search.get(name) ?? "";
  if (text === "") return undefined;
  const nanos = nanosFromNumber(text) ?? unixNanoFromIso(text.replace(/ (?=\d\d:\d\d$)/, "+"));
  if (nanos !== undefined && nanos >= 0n && nanos < MAX_UNIX_NANO) return nanos;
  const forms = "seconds, nanoseconds (more than ten digits) or an RFC 3339 time";
  throw badRequest(`invalid ${name}: expected ${forms}, got ${JSON.stringify(text)}`, name);
}

function nanosFromNumber(text: string): bigint | undefined {
  if (/^\d{11,20}$/.test(text)) return BigInt(text);
  const found = /^(\d{1,10})(?:\.(\d{0,20}))?$/.exec(text);
  if (found === null) return undefined;
  const [, whole = "", fraction = ""] = found;
  return BigInt(whole) * NANOS_PER_SECOND + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}

/** Seconds as a number of any form, or a length of time as it is written; none, and 0, is the usual step. */
function stepText(text: string): string | undefined {
  if (text === "") return undefined;
  const seconds = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
  if (seconds === undefined) return text;
  if (seconds === 0) return undefined;
  const nanos = Math.round(seconds * 1e9);
  if (nanos >= 1 && nanos <= Number.MAX_SAFE_INTEGER) return `${nanos}ns`;
  throw badRequest(
    `invalid step: expected seconds above 0 or a duration such as 15s, got ${JSON.stringify(text)}`,
    "step",
  );
}

/** 0 is the default of either; more than there can be is the most there can be. */
function countsOf(
  exemplars: number | undefined,
  maxSeries: number | undefined,
): Pick<SeriesRequest, "exemplars" | "maxSeries"> {
  return {
    ...(exemplars ? { exemplars: Math.min(exemplars, MAX_EXEMPLARS) } : {}),
    ...(maxSeries ? { maxSeries: Math.min(maxSeries, MAX_SERIES) } : {}),
  };
}

function optional<Name extends string>(
  name: Name,
  value: string | undefined,
): { readonly [key in Name]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: string };
}
