/** Spans summed over a trailing window at every step, from sums of steps. */

import { LatencySketch } from "../../analysis/latency-sketch.ts";
import type { RedSeriesAnswer, RedSums } from "../../query/live-red.ts";

/** What a window holds at one moment. */
export interface TrailingSums {
  /** End of the window, in seconds since the epoch. */
  readonly atSeconds: number;
  readonly spanCount: number;
  readonly errorCount: number;
  /** To be read before the next moment is asked for. */
  readonly durations: LatencySketch;
}

/** Sums of one step, by its start. */
export type SumsByStep = ReadonlyMap<number, Pick<RedSums, "spanCount" | "errorCount" | "durations">>;

/** Steps of one or more series, those of the same step added up. */
export function stepsOf(series: readonly RedSeriesAnswer["series"][number][]): SumsByStep {
  const steps = new Map<number, { spanCount: number; errorCount: number; durations: LatencySketch }>();
  for (const { points } of series) {
    for (const { startSeconds, sums } of points) {
      const known = steps.get(startSeconds);
      if (known === undefined) {
        const { spanCount, errorCount, durations } = sums;
        steps.set(startSeconds, { spanCount, errorCount, durations: durations.clone() });
        continue;
      }
      known.spanCount += sums.spanCount;
      known.errorCount += sums.errorCount;
      known.durations.merge(sums.durations);
    }
  }
  return steps;
}

/** Which moments, and how long a window is. */
export interface TrailingWindow {
  readonly stepSeconds: number;
  /** Steps in a window, 1 or more. */
  readonly stepsPerWindow: number;
  /** Start of the first step that a window may hold, and of the last; both whole multiples of a step. */
  readonly firstStart: number;
  readonly lastStart: number;
  /** The first moment told. */
  readonly fromSeconds: number;
  /** What the last moment is told as when its step is not over by then. */
  readonly untilSeconds: number;
}

/**
 * The sums of the window at the end of every step from `fromSeconds` on, oldest first. A step is added when the window
 * reaches it and taken back when it leaves it: sums of sketches are exact, so nothing is left behind.
 *
 * ```
 *   steps     | 3 | 0 | 2 | 1 |
 *   windows of two       ^3  ^2  ^3
 * ```
 */
export function* trailingSums(steps: SumsByStep, window: TrailingWindow): Generator<TrailingSums, void> {
  const { stepSeconds, stepsPerWindow, firstStart, lastStart, fromSeconds, untilSeconds } = window;
  const durations = new LatencySketch();
  let spanCount = 0;
  let errorCount = 0;
  for (let start = firstStart; start <= lastStart; start += stepSeconds) {
    const entering = steps.get(start);
    if (entering !== undefined) {
      spanCount += entering.spanCount;
      errorCount += entering.errorCount;
      durations.merge(entering.durations);
    }
    const leaving = steps.get(start - stepsPerWindow * stepSeconds);
    if (leaving !== undefined) {
      spanCount -= leaving.spanCount;
      errorCount -= leaving.errorCount;
      durations.subtract(leaving.durations);
    }
    const atSeconds = Math.min(start + stepSeconds, untilSeconds);
    if (atSeconds >= fromSeconds) yield { atSeconds, spanCount, errorCount, durations };
  }
}
