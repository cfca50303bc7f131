/** Functions over time give the same series in every store: those that the evaluator makes of the traces themselves. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import { FilterError } from "../../src/filter/filter-error.ts";
import type { Series } from "../../src/filter/series/series.ts";
import { rangeGrid } from "../../src/filter/series/series-grid.ts";
import { labelsKey } from "../../src/filter/series/series-labels.ts";
import type { Span } from "../../src/model/span.ts";
import type { Queries } from "../../src/query/queries.ts";
import { createQueries } from "../../src/query/queries.ts";
import type { StoreKind } from "../../src/store/registry.ts";
import { STORE_KINDS } from "../../src/store/registry.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { printQuery } from "../../src/traceql/print-query.ts";
import { TraceQlError } from "../../src/traceql/traceql-error.ts";
import { anyPipeline, filterTraces, searchablePipeline } from "../helpers/filter-arbitrary.ts";
import { runSeries } from "../helpers/series-run.ts";
import { BUILDER_START_UNIX_NANO, traceIdOf } from "../helpers/trace-builder.ts";
import type { Placement } from "./trace-store-handle.ts";
import { PLACEMENTS, place } from "./trace-store-handle.ts";

const tracesArbitrary: fc.Arbitrary<readonly (readonly Span[])[]> = fc
  .array(filterTraces, { minLength: 1, maxLength: 6 })
  .map((traces) =>
    traces.map((spans, at) =>
      withClearOrder(spans).map((span) => ({ ...span, traceId: traceIdOf(`t${at}`) })),
    ),
  );

/** Of spans with one id and one start it is not said which is first, and so which is the root. */
function withClearOrder(spans: readonly Span[]): readonly Span[] {
  return [...new Map(spans.map((span) => [`${span.spanId} ${span.startTime}`, span])).values()];
}

const functionArbitrary: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(
      ...[
        "rate()",
        "count_over_time()",
        "min_over_time(duration)",
        "max_over_time(.a)",
        "avg_over_time(span.b)",
      ],
      ...["sum_over_time(selfTime)", "quantile_over_time(duration, .5, .9)", "histogram_over_time(.c)"],
      "histogram_over_time(event:timeSinceStart)",
    ),
    fc.constantFrom("", " by(resource.service.name)", " by(span.a, status)", " by(rootName, .b)"),
    fc.constantFrom("", " | topk(2)", " | bottomk(1)", " > 0"),
  )
  .map((parts) => parts.join(""));

const metricsArbitrary: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: functionArbitrary },
  { weight: 1, arbitrary: fc.constantFrom("compare({ status = error })", "compare({ .a = 1 }, 2)") },
);

const pipelineText: fc.Arbitrary<string> = fc
  .oneof({ weight: 3, arbitrary: searchablePipeline }, { weight: 1, arbitrary: anyPipeline })
  .map((expression) => printQuery({ expression, hints: [] }));

const queryArbitrary: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.tuple(pipelineText, metricsArbitrary).map((parts) => parts.join(" | ")) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(pipelineText, pipelineText, functionArbitrary)
        .map(([left, right, metrics]) => `(${left} | ${metrics}) / (${right} | ${metrics})`),
    },
  )
  .filter(isAccepted);

function isAccepted(text: string): boolean {
  try {
    parseQuery(text);
    return true;
  } catch (error) {
    if (error instanceof TraceQlError) return false;
    throw error;
  }
}

/** What a range says, in milliseconds after the moment 0 of built traces. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const rangeArbitrary: fc.Arbitrary<Range> = fc
  .record({
    start: fc.nat(20),
    length: fc.integer({ min: 1, max: 60 }),
    step: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ start, length, step }) => ({ start, end: start + length, step }));

const unixNanoAt = (millis: number): bigint => BUILDER_START_UNIX_NANO + BigInt(millis) * 1_000_000n;

/** The series of the evaluator alone; undefined when it refuses a trace. */
function expectedSeries(
  q: string,
  traces: readonly (readonly Span[])[],
  { start, end, step }: Range,
): readonly Series[] | undefined {
  const grid = rangeGrid({
    startUnixNano: unixNanoAt(start),
    endUnixNano: unixNanoAt(end),
    stepNanos: BigInt(step) * 1_000_000n,
  });
  // A span that ends before it starts does not make its trace reach further: what ended before the range is not looked at.
  const reaching = traces.filter(
    (spans) =>
      spans.some(({ endTimeUnixNano }) => endTimeUnixNano >= grid.startUnixNano) ||
      spans.every(({ startTimeUnixNano }) => startTimeUnixNano >= grid.startUnixNano),
  );
  try {
    return runSeries(q, reaching, { grid, maxExemplars: 5 });
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

async function withStore(
  kind: StoreKind,
  traces: readonly (readonly Span[])[],
  placement: Placement,
  ask: (querySeries: Queries["querySeries"]) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-series-"));
  const store = await kind.create({ dataDir });
  await store.start();
  try {
    await place({ store, flush: () => store.flush(), close: () => store.stop() }, traces.flat(), placement);
    const ports = { reader: store, catalogue: store, statistics: store };
    const { querySeries } = createQueries({ ...ports, metrics: silentMetrics, clock: systemClock });
    await ask(querySeries);
  } finally {
    await store.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** One text for all: comparing thousands of numbers one by one takes longer than working them out. */
function textOf(series: readonly Series[]): string {
  return series
    .map(({ labels, values, exemplars }) => {
      const spans = exemplars.map(({ spanId, timeUnixNano, value }) => `${spanId} ${timeUnixNano} ${value}`);
      return `${labelsKey(labels)}: ${values.join(" ")}; ${spans.join(", ")}`;
    })
    .join("\n");
}

for (const kind of Object.values(STORE_KINDS)) {
  describe(`functions over time over the ${kind.name} store`, () => {
    it("give the series of the evaluator, for any traces, queries and ranges", async () => {
      await fc.assert(
        fc.asyncProperty(
          tracesArbitrary,
          fc.array(fc.tuple(queryArbitrary, rangeArbitrary), { minLength: 1, maxLength: 6 }),
          fc.constantFrom(...PLACEMENTS),
          (traces, asked, placement) =>
            withStore(kind, traces, placement, async (querySeries) => {
              for (const [q, range] of asked) {
                const expected = expectedSeries(q, traces, range);
                // Which traces are looked at at all, and so which is refused, is the store's business.
                if (expected === undefined) continue;
                const start = unixNanoAt(range.start).toString();
                const end = unixNanoAt(range.end).toString();
                const answer = await querySeries({ q, start, end, step: `${range.step}ms`, exemplars: 5 });
                expect([q, range, textOf(answer.series)]).toEqual([q, range, textOf(expected)]);
              }
            }),
        ),
        { numRuns: kind.isDurable ? 10 : 40 },
      );
    });
  });
}
