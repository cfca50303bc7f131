/** The intervals of time that series have values for. */

import { TracAggError } from "../../base/errors.ts";

/**
 * Intervals of equal length, each without its start and with its end, by which it is known.
 *
 * ```text
 *   start        start + step   start + 2 step
 *     (------ 0 ------](------ 1 ------]
 * ```
 */
export interface SeriesGrid {
  /** Exclusive. */
  readonly startUnixNano: bigint;
  readonly stepNanos: bigint;
  /** 1 to {@link MAX_INTERVALS}. */
  readonly intervals: number;
}

/** Most intervals: finer than any screen, and a series of them takes 80 kB. */
export const MAX_INTERVALS = 10_000;

const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MINUTE = 60n * NANOS_PER_SECOND;
/** Values people look at in one chart. */
const USUAL_INTERVALS = 240n;
const SHORT_STEP_NANOS = 50_000_000n;
const USUAL_STEPS_NANOS: readonly bigint[] = [
  60n * NANOS_PER_MINUTE,
  5n * NANOS_PER_MINUTE,
  NANOS_PER_MINUTE,
  15n * NANOS_PER_SECOND,
  5n * NANOS_PER_SECOND,
  NANOS_PER_SECOND,
];

/** A range of time and, maybe, how finely it is looked at. */
export interface GridRange {
  readonly startUnixNano: bigint;
  /** After the start. */
  readonly endUnixNano: bigint;
  /** Above 0; absent: {@link usualStepNanos}. */
  readonly stepNanos?: bigint;
}

/**
 * Whole intervals that have a range in them: from one step before the start, as multiples of the step, to the end.
 *
 * @throws TracAggError `invalid_argument` for a step that is not above 0 or gives more than {@link MAX_INTERVALS}.
 */
export function rangeGrid({ startUnixNano, endUnixNano, stepNanos }: GridRange): SeriesGrid {
  const step = stepNanos ?? usualStepNanos(endUnixNano - startUnixNano);
  if (step <= 0n) throw stepError("expected a length of time above 0", step);
  const start = startUnixNano - (startUnixNano % step) - step;
  const intervals = (endUnixNano + step - 1n - start) / step;
  if (intervals > BigInt(MAX_INTERVALS))
    throw stepError(`expected one that gives at most ${MAX_INTERVALS} intervals, not ${intervals}`, step);
  return { startUnixNano: start, stepNanos: step, intervals: Number(intervals) };
}

/** One interval from start to end. */
export function instantGrid({ startUnixNano, endUnixNano }: Omit<GridRange, "stepNanos">): SeriesGrid {
  return { startUnixNano, stepNanos: endUnixNano - startUnixNano, intervals: 1 };
}

/** The step that gives some 240 intervals, but for very long ranges and very short ones. */
export function usualStepNanos(rangeNanos: bigint): bigint {
  const wanted = rangeNanos / USUAL_INTERVALS;
  if (rangeNanos < NANOS_PER_MINUTE) {
    const short = wanted - (wanted % SHORT_STEP_NANOS);
    return short === 0n ? SHORT_STEP_NANOS : short;
  }
  return USUAL_STEPS_NANOS.find((step) => step <= wanted) ?? NANOS_PER_SECOND;
}

/** The number of the interval that a moment lies in; -1: in none. */
export function intervalOf(
  { startUnixNano, stepNanos, intervals }: SeriesGrid,
  timeUnixNano: bigint,
): number {
  if (timeUnixNano <= startUnixNano) return -1;
  const interval = (timeUnixNano - startUnixNano - 1n) / stepNanos;
  return interval < intervals ? Number(interval) : -1;
}

/** The end of an interval, by which its values are known. */
export function stampOf({ startUnixNano, stepNanos }: SeriesGrid, interval: number): bigint {
  return startUnixNano + stepNanos * BigInt(interval + 1);
}

/** The end of the last interval; inclusive. */
export function endOf(grid: SeriesGrid): bigint {
  return stampOf(grid, grid.intervals - 1);
}

function stepError(expected: string, stepNanos: bigint): TracAggError {
  const seconds = Number(stepNanos) / Number(NANOS_PER_SECOND);
  const message = `step: ${expected}; got ${seconds} s. Ask for a longer step or a shorter range`;
  return new TracAggError("invalid_argument", message, { field: "step" });
}
