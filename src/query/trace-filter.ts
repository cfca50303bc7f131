/** What a search is asked for, and the range of time it means. */

import { TracAggError } from "../base/errors.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import { unixNanoFromText } from "./moment-text.ts";

/** A range of trace starts as people write it; forms as in {@link unixNanoFromText}. */
export interface TextRange {
  /** Inclusive; absent = everything stored. */
  readonly start?: string;
  /** Exclusive; absent = up to now and later. */
  readonly end?: string;
}

/** Conditions of a search with the range still as text, so that `-1h` means one moment over all pages of an answer. */
export interface TraceFilter extends Omit<TraceQuery, "startTimeUnixNano" | "endTimeUnixNano">, TextRange {}

/** A range of trace starts: start inclusive, end exclusive, absent = open. */
export interface TimeRange {
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
}

/** The range an answer covers, both ends known. */
export interface CoveredRange {
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
}

/**
 * Reads a range.
 *
 * @throws TracAggError `invalid_argument` when a time cannot be read or the end is not after the start.
 */
export function timeRangeFrom(range: TextRange, nowUnixMillis: number): TimeRange {
  const start = range.start === undefined ? undefined : unixNanoFromText(range.start, "start", nowUnixMillis);
  const end = range.end === undefined ? undefined : unixNanoFromText(range.end, "end", nowUnixMillis);
  if (start !== undefined && end !== undefined && end <= start) {
    throw new TracAggError(
      "invalid_argument",
      `end: expected a time after start "${range.start}", got "${range.end}"`,
      { field: "end" },
    );
  }
  return {
    ...(start === undefined ? {} : { startTimeUnixNano: start }),
    ...(end === undefined ? {} : { endTimeUnixNano: end }),
  };
}

/**
 * The range as an answer says it: an open start is 0; an open end is now, or just after `latestStart` where a clock
 * ahead of ours made a later trace.
 */
export function coveredRange(range: TimeRange, nowUnixMillis: number, latestStart = 0n): CoveredRange {
  const now = BigInt(Math.trunc(nowUnixMillis)) * 1_000_000n;
  const openEnd = latestStart >= now ? latestStart + 1n : now;
  return {
    startTimeUnixNano: range.startTimeUnixNano ?? 0n,
    endTimeUnixNano: range.endTimeUnixNano ?? openEnd,
  };
}

/**
 * The store's query of a filter.
 *
 * @throws TracAggError `invalid_argument` when the longest duration asked for is below the shortest.
 */
export function traceQueryFrom(filter: TraceFilter, range: TimeRange): TraceQuery {
  const { start: _start, end: _end, ...conditions } = filter;
  const { minDurationNanos: least, maxDurationNanos: most } = conditions;
  if (least !== undefined && most !== undefined && most < least) {
    throw new TracAggError(
      "invalid_argument",
      `maxDurationMs: expected at least minDurationMs (${Number(least) / 1e6}), got ${Number(most) / 1e6}`,
      { field: "maxDurationMs" },
    );
  }
  return { ...conditions, ...range };
}
