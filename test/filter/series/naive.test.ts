/** The engine against one that keeps every value and works out each sample from its list. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MetricsFunction } from "../../../src/filter/query-model.ts";
import type { Span } from "../../../src/model/span.ts";
import { filterTraces } from "../../helpers/filter-arbitrary.ts";
import { showSeries } from "../../helpers/series-run.ts";
import { BUILDER_START_UNIX_NANO } from "../../helpers/trace-builder.ts";

/** Milliseconds of an interval; the first one ends at moment 0. */
const STEP = 7;
const INTERVALS = 8;
const GRID = {
  startUnixNano: BUILDER_START_UNIX_NANO - BigInt(STEP) * 1_000_000n,
  stepNanos: BigInt(STEP) * 1_000_000n,
  intervals: INTERVALS,
};

type Sample = (nanos: readonly number[]) => number | null;

const orNone =
  (work: (nanos: readonly number[]) => number): Sample =>
  (nanos) =>
    nanos.length === 0 ? null : work(nanos) / 1e9;
const sum = (nanos: readonly number[]): number => nanos.reduce((total, each) => total + each, 0);

const SAMPLES: readonly (readonly [MetricsFunction, string, Sample])[] = [
  ["rate", "rate()", (nanos) => nanos.length / (STEP / 1_000)],
  ["count_over_time", "count_over_time()", (nanos) => nanos.length],
  ["min_over_time", "min_over_time(duration)", orNone((nanos) => Math.min(...nanos))],
  ["max_over_time", "max_over_time(duration)", orNone((nanos) => Math.max(...nanos))],
  ["sum_over_time", "sum_over_time(duration)", orNone(sum)],
  ["avg_over_time", "avg_over_time(duration)", orNone((nanos) => sum(nanos) / nanos.length)],
];

function naiveSeries(
  traces: readonly (readonly Span[])[],
  sample: Sample,
): Record<string, (number | null)[]> {
  const lists = new Map<string, number[][]>();
  for (const span of traces.flat()) {
    const millis = Number(span.startTimeUnixNano - BUILDER_START_UNIX_NANO) / 1e6;
    const interval = Math.ceil(millis / STEP);
    if (interval < 0 || interval >= INTERVALS) continue;
    const labels = `name="${span.name}" status=${span.status.toLowerCase()}`;
    const list = lists.get(labels) ?? Array.from({ length: INTERVALS }, () => []);
    lists.set(labels, list);
    list[interval]?.push(Math.max(0, Number(span.endTimeUnixNano - span.startTimeUnixNano)));
  }
  return Object.fromEntries([...lists].map(([labels, list]) => [labels, list.map(sample)]));
}

describe("the engine", () => {
  it.each(SAMPLES)("has the values of %s that lists of all spans give", (_name, call, sample) => {
    fc.assert(
      fc.property(fc.array(filterTraces, { maxLength: 4 }), (traces) => {
        const q = `{ } | ${call} by(name, status)`;
        expect(showSeries(q, traces, { grid: GRID })).toEqual(naiveSeries(traces, sample));
      }),
      { numRuns: 40 },
    );
  });
});
