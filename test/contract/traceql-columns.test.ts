/** What a lake answers out of columns is what the evaluator says of whole spans: field by field, type by type. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import type { Series } from "../../src/filter/series/series.ts";
import type { Attributes, AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import { createQueries } from "../../src/query/queries.ts";
import { createLakeStore } from "../../src/store/lake/lake-store.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "../helpers/trace-builder.ts";

const RUNS = 4;

/** Queries of which columns tell all that is read, and some of which they do not. */
const QUERIES: readonly string[] = [
  '{ resource.service.name = "a" }',
  '{ resource.service.name = "a" && duration > 3ms }',
  "{ span.int >= 500 }",
  "{ span.int < 300 || span.flag }",
  "{ span.int = 200.0 }",
  "{ span.double > 1 }",
  "{ span.double = 2 }",
  '{ span.text >= "m" }',
  '{ span.text =~ "x.*" && status != ok }',
  "{ span.mixed >= 500 }",
  "{ span.mixed = 500 }",
  '{ span.mixed = "500" }',
  '{ span.mixed > "4" }',
  "{ span.mixed = true }",
  "{ span.mixed != nil } | select(span.mixed, span.text)",
  "{ span.never = nil } | select(span.never, .zone)",
  '{ .zone = "z1" }',
  '{ .zone = "z2" } | by(.zone)',
  "{ resource.size >= 2 }",
  "{ resource.zone != nil && span.zone = nil }",
  '{ span.list = "p" }',
  "{ span.list != nil }",
  "{ kind = server } >> { status = error }",
  '{ nestedSetParent < 0 } &>> { resource.service.name = "b" }',
  "{ kind = unspecified || status = unset }",
  "{ span:childCount > 0 } | count() > 1",
  "{ } | by(resource.service.name) | max(duration) > 2ms",
  "{ } | orderBy(trace:duration) | select(name, span:id, span:parentID)",
  '{ trace:rootService = "b" && trace:duration > 4ms }',
  '{ event.name = "e" }',
  "{ span:selfTime > 2ms }",
];

/** Functions over time that the columns of a segment are summed up for, and some they are not. */
const SERIES_QUERIES: readonly string[] = [
  "{ } | rate() by(resource.service.name)",
  "{ } | count_over_time() by(kind, status)",
  "{ nestedSetParent < 0 && true } | rate() by(name)",
  "{ nestedSetParent = -1 } | quantile_over_time(duration, .5, .9)",
  "{ kind = server && duration >= 1ms } | histogram_over_time(duration) by(resource.service.name)",
  "{ status != error && kind != client } | max_over_time(duration)",
  "{ span.int >= 300 } | sum_over_time(span.int) by(span.text)",
  "{ span.int < 500 } | min_over_time(span.double)",
  "{ span.double > 1 || span.flag } | avg_over_time(span.double) by(.zone)",
  "{ span.mixed >= 500 } | count_over_time() by(span.mixed)",
  '{ span.mixed = "500" || span.mixed = true } | rate() by(span.mixed, resource.size)',
  '{ .zone = "z1" } | rate() by(.zone, span.zone, resource.zone)',
  "{ .size >= 2 && resource.service.name != nil } | rate() by(.size)",
  "{ .never != nil || span.text != nil } | rate() by(span.never)",
  '{ .service.name = "a" } | rate() by(.service.name)',
  "{ span.list != nil } | rate()",
  "({ status = error } | rate() by(name)) / ({ } | rate() by(name))",
];

const word = fc.constantFrom("x", "xy", "z", "m", "500", "4é");
const values: Readonly<Record<string, fc.Arbitrary<AttributeValue>>> = {
  int: fc.constantFrom<AttributeValue>(200n, 299n, 500n, 503n, -(2n ** 63n)),
  double: fc.constantFrom<AttributeValue>(0.5, 2, 1e21, Number.NaN),
  flag: fc.boolean(),
  text: word,
  mixed: fc.oneof<fc.Arbitrary<AttributeValue>[]>(
    word,
    fc.constantFrom<AttributeValue>(500n, 4n, 500.5, true),
  ),
  zone: fc.constantFrom<AttributeValue>("z1", "z2", null),
  list: fc.constantFrom<AttributeValue>("p", ["p", "q"], { p: "q" }),
};
const attributes = fc.record(values, { requiredKeys: [] }) as fc.Arbitrary<Attributes>;
const resource: fc.Arbitrary<Attributes> = fc.record(
  { zone: fc.constantFrom<AttributeValue>("z1", "z3"), size: fc.constantFrom<AttributeValue>(1n, 2n, 2.5) },
  { requiredKeys: [] },
);

const span = fc.record({
  parent: fc.integer({ min: -1, max: 3 }),
  service: fc.constantFrom("a", "b", "c"),
  kind: fc.constantFrom("SERVER" as const, "CLIENT" as const, "UNSPECIFIED" as const),
  status: fc.constantFrom("ERROR" as const, "OK" as const, "UNSET" as const),
  millis: fc.integer({ min: 0, max: 6 }),
  hasEvent: fc.boolean(),
  attributes,
  resource,
});

const traces: fc.Arbitrary<readonly Span[]> = fc
  .array(fc.array(span, { minLength: 1, maxLength: 4 }), { minLength: 20, maxLength: 40 })
  .map((all) => all.flatMap(spansOfTrace));

function spansOfTrace(
  drafts: readonly (typeof span extends fc.Arbitrary<infer T> ? T : never)[],
  trace: number,
) {
  return drafts.map(({ parent, millis, hasEvent, resource: of, ...sketch }, at) => {
    const start = trace * 10 + at;
    const built = buildSpan(`t${trace}`, {
      ...sketch,
      id: `s${at}`,
      name: `n${at}`,
      // Of no two spans of a trace the one is the other's parent and child.
      ...(parent >= 0 && parent < at ? { parent: `s${parent}` } : {}),
      at: [start, start + millis],
      resourceAttributes: of,
    });
    const event = {
      name: "e",
      timeUnixNano: built.startTimeUnixNano,
      attributes: {},
      droppedAttributesCount: 0,
    };
    return hasEvent ? { ...built, events: [event] } : built;
  });
}

function queriesOver(store: TraceStore): ReturnType<typeof createQueries> {
  const ports = { reader: store, catalogue: store, statistics: store };
  return createQueries({ ...ports, metrics: silentMetrics, clock: systemClock });
}

/** A lake that merges what two flushes sealed. */
async function mergedLake(dataDir: string, spans: readonly Span[]): Promise<TraceStore> {
  let tick = (): void => {};
  const store = createLakeStore({
    dataDir,
    mergeSegments: 2,
    mergeQuietMillis: 0,
    schedule: (_, task) => {
      tick = task;
      return () => {};
    },
  });
  await store.start();
  const feed = new BatchFeed(store);
  const half = spans.findIndex(({ traceId }) => traceId !== spans[0]?.traceId);
  for (const some of [spans.slice(0, half), spans.slice(half)]) {
    feed.append(...some);
    await store.flush();
  }
  while (store.gauges()["compacting"] === 1) {
    tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return store;
}

async function sealedLake(dataDir: string, spans: readonly Span[]): Promise<TraceStore> {
  const store = createLakeStore({ dataDir });
  await store.start();
  new BatchFeed(store).append(...spans);
  await store.flush();
  return store;
}

/** Runs over traces in memory, and the same in a lake. */
async function compare(
  make: (dataDir: string, spans: readonly Span[]) => Promise<TraceStore>,
  ask: (memory: Queries, lake: Queries) => Promise<void>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(traces, async (spans) => {
      const memory = createMemoryStore();
      await memory.start();
      new BatchFeed(memory).append(...spans);
      const dataDir = await mkdtemp(join(tmpdir(), "tracagg-columns-"));
      const lake = await make(dataDir, spans);
      try {
        await ask(queriesOver(memory), queriesOver(lake));
      } finally {
        await lake.stop();
        await memory.stop();
        await rm(dataDir, { recursive: true, force: true });
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}

type Queries = ReturnType<typeof createQueries>;

describe.each([
  ["sealed at once", sealedLake],
  ["merged from segments with other columns", mergedLake],
])("in a lake %s", (_name, make) => {
  it("queries find the same fields as in memory", async () => {
    let byColumns = 0;
    await compare(make, async (memory, lake) => {
      for (const [index, q] of QUERIES.entries()) {
        const request = { q, pageSize: 1 + (index % 7), spansShown: 10 };
        const expected = await memory.searchTraceQl(request);
        const { traces: found, explanation } = await lake.searchTraceQl(request);
        expect([q, found]).toEqual([q, expected.traces]);
        byColumns += explanation.store.segmentsByColumns;
      }
    });
    expect(byColumns).toBeGreaterThan(RUNS * 10);
  }, 120_000);

  it("functions over time give the same series and exemplars as in memory", async () => {
    let bySums = 0;
    await compare(make, async (memory, lake) => {
      for (const [index, q] of SERIES_QUERIES.entries()) {
        const start = String(BUILDER_START_UNIX_NANO + 20_000_000n * BigInt(index));
        const end = String(BUILDER_START_UNIX_NANO + 400_000_000n);
        const request = {
          q,
          start,
          end,
          step: index % 2 === 0 ? "50ms" : "7ms",
          exemplars: (index * 3) % 20,
        };
        const expected = await memory.querySeries(request);
        const { series, explanation } = await lake.querySeries(request);
        expect([q, rounded(series)]).toEqual([q, rounded(expected.series)]);
        bySums += explanation.store.segmentsBySums;
      }
    });
    expect(bySums).toBeGreaterThan(RUNS * 10);
  }, 120_000);
});

/** Sums of fractions may differ in their last digits, by the order they are added in. */
function rounded(series: readonly Series[]): unknown {
  return series.map(({ labels, values, exemplars }) => ({
    labels,
    exemplars,
    values: Array.from(values, (value) => (Number.isFinite(value) ? Number(value.toPrecision(12)) : value)),
  }));
}
