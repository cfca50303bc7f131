/** How late the event loop is: what every request, also of ingest, waits for in addition. */

import type { IntervalHistogram } from "node:perf_hooks";
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MILLIS = 10;
/**
 * Half of the longest time that is told about. Whoever scrapes at least this often sees each delay at least once,
 * however many others scrape beside; a window that ended with each scrape would show it to one of them.
 */
const HALF_WINDOW_MILLIS = 60_000;
const QUANTILES: readonly number[] = Object.freeze([0.5, 0.99, 1]);

/** One quantile of the delay. */
export interface DelayQuantile {
  /** 0 to 1; 1 is the longest delay. */
  readonly quantile: number;
  readonly seconds: number;
}

/** Delays of the last one to two minutes, or since the last reading when that is longer ago. */
export class EventLoopDelay {
  readonly #nowMillis: () => number;
  /** Two overlapping windows: the older one is told about, the younger one follows it. */
  #older: IntervalHistogram = startedHistogram();
  #younger: IntervalHistogram = startedHistogram();
  #youngerSinceMillis: number;

  /** @param nowMillis a clock that never goes back. */
  constructor(nowMillis: () => number = () => performance.now()) {
    this.#nowMillis = nowMillis;
    this.#youngerSinceMillis = nowMillis();
  }

  /** The quantiles now; how late a timer fires beyond the time it was set to. */
  quantiles(): readonly DelayQuantile[] {
    const nowMillis = this.#nowMillis();
    if (nowMillis - this.#youngerSinceMillis >= HALF_WINDOW_MILLIS) {
      const spent = this.#older;
      this.#older = this.#younger;
      this.#younger = spent;
      spent.reset();
      this.#youngerSinceMillis = nowMillis;
    }
    return QUANTILES.map((quantile) => ({
      quantile,
      seconds: Math.max(0, nanosAt(this.#older, quantile) / 1e9 - RESOLUTION_MILLIS / 1e3),
    }));
  }
}

function startedHistogram(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
  histogram.enable();
  return histogram;
}

/** 0 while nothing was measured yet: an empty histogram gives odd extremes. */
function nanosAt(histogram: IntervalHistogram, quantile: number): number {
  if (histogram.count === 0) return 0;
  return quantile === 1 ? histogram.max : histogram.percentile(quantile * 100);
}
