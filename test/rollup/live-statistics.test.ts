import fc from "fast-check";
import { expect, test } from "vitest";
import { dependencyLinks, mergeDependencyLinks } from "../../src/analysis/dependency-links.ts";
import type { SpanBatch } from "../../src/batch/span-batch.ts";
import type { Span } from "../../src/model/span.ts";
import { numberFromSpanKind } from "../../src/model/span-kind.ts";
import type { EdgeCell } from "../../src/rollup/cells.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { partsOfSeries } from "../../src/rollup/series.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { traceArbitrary } from "../helpers/span-arbitrary.ts";
import { cellsOf, dumpOf } from "../helpers/statistics-dump.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "../helpers/trace-builder.ts";

const ARRIVAL_UNIX_MILLIS = Number(BUILDER_START_UNIX_NANO / 1_000_000n) + 60_000;
const ALL = { start: 0, end: 4e9 };

/** Sends batches one second apart, lets traces complete on the way, completes the rest at the end. */
function statisticsOf(
  batches: readonly SpanBatch[],
  arrivalUnixMillis = ARRIVAL_UNIX_MILLIS,
): LiveStatistics {
  const statistics = new LiveStatistics();
  let nowMillis = 0;
  for (const [position, batch] of batches.entries()) {
    statistics.append({ batch, position, arrivalUnixMillis }, nowMillis);
    nowMillis += 1_000;
    while (statistics.tick(nowMillis, arrivalUnixMillis / 1_000)) {
      // More are due.
    }
  }
  statistics.window.completeOpen(nowMillis, "all");
  return statistics;
}

function linksOf(statistics: LiveStatistics): unknown[] {
  const links: Parameters<typeof mergeDependencyLinks>[0] extends Iterable<infer L> ? L[] : never = [];
  eachEdge(statistics, (edge, { counts }) => {
    const { fromService, toService, type } = statistics.edges.key(edge);
    if (type === "entry" || counts.calls === 0) return;
    links.push([{ fromService, toService, type, callCount: counts.calls, errorCount: counts.errors }]);
  });
  return mergeDependencyLinks(links);
}

function eachEdge(statistics: LiveStatistics, visit: (edge: number, cell: EdgeCell) => void): void {
  const { edges } = cellsOf((sums) => statistics.rollups.addUp(ALL, sums));
  for (const [edge, cell] of edges) visit(edge, cell);
}

/** The one edge between two nodes. */
function edgeBetween(statistics: LiveStatistics, from: string, to: string): EdgeCell {
  const found: EdgeCell[] = [];
  eachEdge(statistics, (edge, cell) => {
    const { fromService, toService } = statistics.edges.key(edge);
    if (fromService === from && toService === to && !cell.isEmpty) found.push(cell);
  });
  expect(found).toHaveLength(1);
  return found[0] as EdgeCell;
}

test("whatever the order, one span a request and sent twice, the sums are those of whole traces sent once", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(traceArbitrary(), { maxLength: 4, selector: ([span]) => span?.traceId }),
      fc.infiniteStream(fc.nat()),
      (traces, numbers) => {
        const whole = statisticsOf(traces.map((spans) => batchOf(spans)));
        const single = [...traces.flat(), ...traces.flat()].map((span) => ({
          span,
          at: numbers.next().value,
        }));
        single.sort((left, right) => left.at - right.at);
        const scattered = statisticsOf(single.map(({ span }) => batchOf([span])));
        expect(dumpOf(scattered)).toEqual(dumpOf(whole));
      },
    ),
    { numRuns: 200 },
  );
});

test("calls are those that dependency links of whole traces count, and each trace has one entry", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(traceArbitrary(), { minLength: 1, maxLength: 4, selector: ([span]) => span?.traceId }),
      (traces) => {
        const statistics = statisticsOf(traces.flat().map((span) => batchOf([span])));
        expect(linksOf(statistics)).toEqual(
          mergeDependencyLinks(traces.map((spans) => dependencyLinks(spans))),
        );
        let entries = 0;
        eachEdge(statistics, (edge, { counts }) => {
          if (statistics.edges.key(edge).type === "entry") entries += counts.calls;
        });
        expect(entries).toBe(traces.length);
      },
    ),
    { numRuns: 200 },
  );
});

interface SpanSum {
  readonly count: number;
  readonly nanos: bigint;
}

function addTo(sums: Map<string, SpanSum>, key: string, count: number, nanos: bigint): void {
  const sum = sums.get(key) ?? { count: 0, nanos: 0n };
  sums.set(key, { count: sum.count + count, nanos: sum.nanos + nanos });
}

function expectedSums(spans: readonly Span[]): Map<string, SpanSum> {
  const sums = new Map<string, SpanSum>();
  for (const span of spans) {
    const status = { UNSET: 0, OK: 1, ERROR: 2 }[span.status];
    const key = JSON.stringify([span.serviceName, span.name, numberFromSpanKind(span.kind), status]);
    const nanos = span.endTimeUnixNano - span.startTimeUnixNano;
    addTo(sums, key, 1, nanos > 0n ? nanos : 0n);
  }
  return sums;
}

function sumsAt({ rollups, operations }: LiveStatistics, windowSeconds: number): Map<string, SpanSum> {
  const sums = new Map<string, SpanSum>();
  for (const window of rollups.windows(windowSeconds, ALL)) {
    for (const [series, { durations }] of cellsOf((into) => window.addTo(into)).spans) {
      const { operation, kind, statusCode } = partsOfSeries(series);
      const key = JSON.stringify([
        operations.service(operation),
        operations.name(operation),
        kind,
        statusCode,
      ]);
      addTo(sums, key, durations.count, durations.exactSumNanos);
    }
  }
  return sums;
}

test("spans are counted by service, operation, kind and status, at every resolution alike", () => {
  fc.assert(
    fc.property(traceArbitrary(20), (spans) => {
      const statistics = statisticsOf(spans.map((span) => batchOf([span])));
      for (const windowSeconds of [10, 60, 3_600]) {
        expect(sumsAt(statistics, windowSeconds)).toEqual(expectedSums(spans));
      }
    }),
  );
});

test("a call has both sides' durations, and the gap between them by durations alone", () => {
  const statistics = statisticsOf([
    batchOf([
      buildSpan("t", { id: "in", service: "shop", name: "GET /", kind: "SERVER", at: [0, 100] }),
      buildSpan("t", { id: "out", parent: "in", service: "shop", name: "pay", kind: "CLIENT", at: [10, 60] }),
      // The server's clock is a second ahead.
      buildSpan("t", {
        id: "pay",
        parent: "out",
        service: "pay",
        name: "pay",
        kind: "SERVER",
        at: [1_020, 1_050],
        status: "ERROR",
      }),
    ]),
  ]);
  const { counts, sketches } = edgeBetween(statistics, "shop", "pay");
  expect(counts).toEqual({
    calls: 1,
    errors: 1,
    clientErrors: 0,
    serverErrors: 1,
    pairedCalls: 1,
    retries: 0,
    clampedGaps: 0,
  });
  expect(sketches.client?.exactSumNanos).toBe(50_000_000n);
  expect(sketches.server?.exactSumNanos).toBe(30_000_000n);
  expect(sketches.gap?.exactSumNanos).toBe(20_000_000n);
  expect(sketches.delay).toBeUndefined();
});

test("several servers of one client are tries: one gap, less the time that any of them worked", () => {
  const statistics = statisticsOf([
    batchOf([
      buildSpan("t", { id: "out", service: "shop", kind: "CLIENT", at: [0, 100] }),
      buildSpan("t", {
        id: "try 1",
        parent: "out",
        service: "pay",
        name: "pay",
        kind: "SERVER",
        at: [10, 40],
      }),
      buildSpan("t", {
        id: "try 2",
        parent: "out",
        service: "pay",
        name: "pay",
        kind: "SERVER",
        at: [30, 60],
      }),
    ]),
  ]);
  const { counts, sketches } = edgeBetween(statistics, "shop", "pay");
  expect(counts).toMatchObject({ calls: 2, retries: 1, pairedCalls: 2 });
  expect(sketches.gap?.count).toBe(1);
  expect(sketches.gap?.exactSumNanos).toBe(50_000_000n);
});

test("a server that worked longer than its client waited has a gap of 0, and says that it was clamped", () => {
  const statistics = statisticsOf([
    batchOf([
      buildSpan("t", { id: "out", service: "shop", kind: "CLIENT", at: [0, 100] }),
      buildSpan("t", { id: "in", parent: "out", service: "pay", kind: "SERVER", at: [0, 130] }),
    ]),
  ]);
  const { counts, sketches } = edgeBetween(statistics, "shop", "pay");
  expect(counts.clampedGaps).toBe(1);
  expect(sketches.gap?.exactSumNanos).toBe(0n);
});

test("a message waits from the end of its sending to the start of its taking", () => {
  const kafka = { "messaging.system": "kafka", "messaging.destination.name": "orders" };
  const statistics = statisticsOf([
    batchOf([
      buildSpan("t", { id: "send", service: "shop", kind: "PRODUCER", at: [0, 5], attributes: kafka }),
      buildSpan("t", {
        id: "take",
        parent: "send",
        service: "mail",
        kind: "CONSUMER",
        at: [45, 80],
        attributes: kafka,
      }),
    ]),
  ]);
  expect(edgeBetween(statistics, "shop", "kafka:orders").sketches.client?.exactSumNanos).toBe(5_000_000n);
  const taken = edgeBetween(statistics, "kafka:orders", "mail");
  expect(taken.sketches.delay?.exactSumNanos).toBe(40_000_000n);
  expect(taken.sketches.server?.exactSumNanos).toBe(35_000_000n);
});

test("a span that comes after its trace was complete changes what was derived, and nothing else", () => {
  const client = buildSpan("t", {
    id: "out",
    service: "shop",
    kind: "CLIENT",
    at: [0, 100],
    attributes: { "peer.service": "pay.example" },
  });
  const server = buildSpan("t", { id: "in", parent: "out", service: "pay", kind: "SERVER", at: [10, 90] });
  const statistics = new LiveStatistics();
  const arrivalUnixMillis = ARRIVAL_UNIX_MILLIS;
  statistics.append({ batch: batchOf([client]), position: 0, arrivalUnixMillis }, 0);
  statistics.tick(20_000, arrivalUnixMillis / 1_000);
  expect(linksOf(statistics)).toMatchObject([
    { fromService: "shop", toService: "pay.example", type: "virtual_node" },
  ]);
  statistics.append({ batch: batchOf([server]), position: 1, arrivalUnixMillis }, 300_000);
  statistics.tick(320_000, arrivalUnixMillis / 1_000);
  expect(linksOf(statistics)).toEqual([
    { fromService: "shop", toService: "pay", type: "rpc", callCount: 1, errorCount: 0 },
  ]);
  expect(statistics.window.counters).toMatchObject({ quiet: 2, reopened: 1 });
});

test("a sampled span counts as many times as it stands for", () => {
  const span = {
    ...buildSpan("t", { id: "in", service: "shop", kind: "SERVER", at: [0, 10] }),
    traceState: "ot=th:c",
  };
  const statistics = statisticsOf([batchOf([span])]);
  const counts: number[] = [];
  const { spans, edges } = cellsOf((sums) => statistics.rollups.addUp(ALL, sums));
  for (const { durations } of spans.values()) counts.push(durations.count);
  for (const cell of edges.values()) counts.push(cell.counts.calls);
  expect(counts).toEqual([4, 4]);
});

test("a start far ahead of its arrival counts one hour ahead", () => {
  const dayMillis = 86_400_000;
  const span = buildSpan("t", {
    id: "in",
    service: "shop",
    kind: "SERVER",
    at: [30 * dayMillis, 30 * dayMillis + 1],
  });
  const statistics = statisticsOf([batchOf([span])]);
  const starts = statistics.rollups.windows(10, ALL).map(({ startSeconds }) => startSeconds);
  expect(starts).toEqual([Math.floor((ARRIVAL_UNIX_MILLIS / 1_000 + 3_600) / 10) * 10]);
});

test("spans of a decoded batch and of the same spans one a request agree on operations", () => {
  const spans: Span[] = ["a", "b"].map((name) =>
    buildSpan(name, { id: name, service: "s", kind: "SERVER", at: [0, 1] }),
  );
  expect(dumpOf(statisticsOf([batchOf(spans)]))).toEqual(
    dumpOf(statisticsOf(spans.map((span) => batchOf([span])))),
  );
});
