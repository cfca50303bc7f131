/** The sums of one series, interval by interval, each of a kind that adds up in any order. */

import type { HeldBytes } from "../../base/held-bytes.ts";
import type { MetricsFunction } from "../query-model.ts";
import type { PowerCounts } from "./power-of-two.ts";
import { exponentOf } from "./power-of-two.ts";

/** What is known of some spans of one series and interval; a function asks for what it needs of it. */
export interface SummedValues {
  /** Spans for `rate` and `count_over_time`, values for the other functions. */
  readonly count: number;
  readonly sum?: number;
  /** Absent when there is no value. */
  readonly min?: number;
  /** Absent when there is no value. */
  readonly max?: number;
  readonly powers?: PowerCounts;
}

/** Sums by interval. */
export interface IntervalSums {
  add(interval: number, value: number): void;
  addSums(interval: number, sums: SummedValues): void;
  /** What one interval comes to, before it is told in other units; NaN: nothing. */
  valueAt(interval: number): number;
}

/** Counts by interval and power of two. */
export interface PowerSums extends IntervalSums {
  /** Undefined: nothing was counted. */
  powersAt(interval: number): PowerCounts | undefined;
}

const DOUBLE_BYTES = 8;
/** A map with a key in it, about; and each key. */
const MAP_BYTES = 200;
const ENTRY_BYTES = 40;

/** Sums as a function needs them, all of powers apart; what they take is counted. */
export function createIntervalSums(
  kind: Exclude<MetricsFunction, "quantile_over_time" | "histogram_over_time">,
  intervals: number,
  held: HeldBytes,
): IntervalSums {
  held.add((kind === "avg_over_time" ? 2 : 1) * DOUBLE_BYTES * intervals);
  switch (kind) {
    case "rate":
    case "count_over_time":
      return countSums(intervals);
    case "sum_over_time":
      return totalSums(intervals);
    case "avg_over_time":
      return meanSums(intervals);
    case "min_over_time":
      return extremeSums(intervals, "min");
    case "max_over_time":
      return extremeSums(intervals, "max");
  }
}

function countSums(intervals: number): IntervalSums {
  const counts = new Float64Array(intervals);
  const addCount = (interval: number, count: number): void => {
    counts[interval] = (counts[interval] as number) + count;
  };
  return {
    add: (interval) => addCount(interval, 1),
    addSums: (interval, { count }) => addCount(interval, count),
    valueAt: (interval) => counts[interval] as number,
  };
}

function totalSums(intervals: number): IntervalSums {
  const totals = new Float64Array(intervals).fill(Number.NaN);
  const add = (interval: number, value: number): void => {
    const known = totals[interval] as number;
    totals[interval] = Number.isNaN(known) ? value : known + value;
  };
  return {
    add,
    addSums: (interval, { count, sum = 0 }) => {
      if (count > 0) add(interval, sum);
    },
    valueAt: (interval) => totals[interval] as number,
  };
}

function meanSums(intervals: number): IntervalSums {
  const totals = new Float64Array(intervals);
  const counts = new Float64Array(intervals);
  const addSums = (interval: number, { count, sum = 0 }: SummedValues): void => {
    totals[interval] = (totals[interval] as number) + sum;
    counts[interval] = (counts[interval] as number) + count;
  };
  return {
    add: (interval, value) => addSums(interval, { count: 1, sum: value }),
    addSums,
    // Without a value 0 / 0, which is none.
    valueAt: (interval) => (totals[interval] as number) / (counts[interval] as number),
  };
}

function extremeSums(intervals: number, which: "min" | "max"): IntervalSums {
  const extremes = new Float64Array(intervals).fill(Number.NaN);
  const add = (interval: number, value: number): void => {
    const known = extremes[interval] as number;
    if (Number.isNaN(known) || (which === "min" ? value < known : value > known)) extremes[interval] = value;
  };
  return {
    add,
    addSums: (interval, sums) => {
      const value = sums[which];
      if (value !== undefined) add(interval, value);
    },
    valueAt: (interval) => extremes[interval] as number,
  };
}

/** Counts by power of two; what they take is counted. */
export function createPowerSums(intervals: number, held: HeldBytes): PowerSums {
  held.add(DOUBLE_BYTES * intervals);
  const powers = new Array<PowerCounts | undefined>(intervals).fill(undefined);
  const addCount = (interval: number, exponent: number, count: number): void => {
    let known = powers[interval];
    if (known === undefined) {
      held.add(MAP_BYTES);
      known = new Map();
      powers[interval] = known;
    }
    const before = known.get(exponent);
    if (before === undefined) held.add(ENTRY_BYTES);
    known.set(exponent, (before ?? 0) + count);
  };
  return {
    add: (interval, value) => {
      const exponent = exponentOf(value);
      if (exponent !== undefined) addCount(interval, exponent, 1);
    },
    addSums: (interval, sums) => {
      for (const [exponent, count] of sums.powers ?? []) {
        if (count > 0) addCount(interval, exponent, count);
      }
    },
    valueAt: () => Number.NaN,
    powersAt: (interval) => powers[interval],
  };
}
