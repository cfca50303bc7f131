/** Query parameters as Tempo's clients write them. */

import { nanosFromGoDuration } from "../../base/go-duration.ts";
import type { TextRange } from "../../query/trace-filter.ts";
import { badRequest } from "./tempo-error.ts";

/** A whole number, or undefined when the parameter is absent or empty. */
export function wholeNumber(search: URLSearchParams, name: string): number | undefined {
  const text = search.get(name);
  if (text === null || text === "") return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw badRequest(`invalid ${name}: expected a whole number, got ${JSON.stringify(text)}`, name);
}

/** A whole number in a range, or undefined. */
export function wholeNumberUpTo(search: URLSearchParams, name: string, maximum: number): number | undefined {
  const value = wholeNumber(search, name);
  if (value === undefined || value <= maximum) return value;
  throw badRequest(`invalid ${name}: expected at most ${maximum}, got ${value}`, name);
}

/** `true`, `1` and `false`, `0`; absent is false. */
export function truth(search: URLSearchParams, name: string): boolean {
  const text = search.get(name) ?? "";
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0" || text === "") return false;
  throw badRequest(`invalid ${name}: expected true or false, got ${JSON.stringify(text)}`, name);
}

/** `start` and `end` in seconds since the epoch: both or neither. */
export function secondsRange(search: URLSearchParams): TextRange {
  return rangeOfSeconds(wholeNumber(search, "start") ?? 0, wholeNumber(search, "end") ?? 0);
}

/** A range of two numbers of seconds, 0 when not given, as protobuf has them. */
export function rangeOfSeconds(start: number, end: number): TextRange {
  if (start === 0 && end === 0) return {};
  if (start === 0 || end === 0) {
    throw badRequest("please provide positive values for http parameters start and end");
  }
  if (end <= start) {
    throw badRequest(`http parameter start must be before end. received start=${start} end=${end}`, "start");
  }
  return { start: String(start), end: String(end) };
}

/** A length of time in nanoseconds, or undefined when the parameter is absent or empty. */
export function goDuration(search: URLSearchParams, name: string): bigint | undefined {
  const text = search.get(name);
  if (text === null || text === "") return undefined;
  const nanos = nanosFromGoDuration(text);
  if (nanos !== undefined && nanos >= 0n) return nanos;
  throw badRequest(
    `invalid ${name}: expected a duration such as 1.5s or 100ms, got ${JSON.stringify(text)}`,
    name,
  );
}

/** Media types that an answer can have. */
export type TempoForm = "protobuf" | "json" | "llm";

/** Media type of each {@link TempoForm}. */
export const TEMPO_MEDIA_TYPES: Readonly<Record<TempoForm, string>> = Object.freeze({
  protobuf: "application/protobuf",
  json: "application/json",
  llm: "application/vnd.grafana.llm",
});

/** What an `Accept` header asks for: the first of these that stands anywhere in it, JSON when none does. */
export function formFrom(accept: string): TempoForm {
  const order: readonly TempoForm[] = ["protobuf", "json", "llm"];
  return order.find((form) => accept.includes(TEMPO_MEDIA_TYPES[form])) ?? "json";
}
